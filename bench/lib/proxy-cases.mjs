import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { UpstreamTarget } from '../../packages/contracts/dist/index.js';
import { startScript, stopAll } from './cases.mjs';
import { guestBytes } from './guests.mjs';
import { startNginx } from './nginx.mjs';
import { aPlugin, aRoute, ToriiNode } from './torii-node.mjs';

const servers = fileURLToPath(new URL('../servers/', import.meta.url));
/** How many request transformers stand before the upstream, by the name of the case. */
const slotsByName = { 'Torii, no plugin': 0, 'Torii, one plugin': 1, 'Torii, three plugins': 3 };

/** Starts an upstream and everything that proxies to it; as `startCases`. */
export async function startProxyCases(directory, { threads }) {
  const running = [];
  const started = async (server) => {
    running.push(await server);
    return running.at(-1);
  };
  try {
    const upstream = await started(startScript(path.join(servers, 'kilobyte.mjs')));
    const bare = await started(startScript(path.join(servers, 'bare-proxy.mjs'), String(upstream.port)));
    const cases = [{ name: 'bare node:http + undici', pid: bare.pid, port: bare.port, host: 'localhost', path: '/' }];
    const skipped = [];
    try {
      const { pid, port } = await started(startNginx(directory, upstream.port));
      cases.push({ name: 'nginx, one worker', pid, port, host: 'localhost', path: '/' });
    } catch (error) {
      skipped.push({ name: 'nginx, one worker', reason: error.message });
    }
    const node = await started(ToriiNode.start({ directory, env: { TORII_DATA_THREADS: String(threads) } }));
    cases.push(...(await addRoutes(node, upstream.port)));
    return { cases, skipped, stop: () => stopAll(running) };
  } catch (error) {
    await stopAll(running);
    throw error;
  }
}

async function addRoutes(node, upstreamPort) {
  const sha256 = node.addModule(await guestBytes('transform'));
  const plugin = aPlugin({ name: 'transform', kind: 'request_transformer', sha256 });
  const target = UpstreamTarget.parse({ kind: 'upstream', targets: [{ url: `http://127.0.0.1:${upstreamPort}` }] });
  const slot = { plugin: plugin.id, version: plugin.version, include: [], exclude: [], config: {}, onError: 'fail' };
  const hosts = Object.entries(slotsByName).map(([name, slots], index) => ({ name, slots, host: `proxy-${index}.localhost` }));
  const routes = hosts.map(({ host, slots }) => ({
    ...aRoute({ ...plugin, name: host }, host),
    target,
    ...(slots === 0 ? {} : { plugins: new Array(slots).fill(slot) }),
  }));
  const refusal = await node.apply([plugin], routes);
  if (refusal !== undefined) throw new Error(refusal);
  return hosts.map(({ name, host }) => ({ name, pid: node.pid, port: node.port, host, path: '/' }));
}
