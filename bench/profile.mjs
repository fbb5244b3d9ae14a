// Where a data thread spends its time while it serves one function: by function of our own with what it calls, and by any
// function alone. Times are by the clock, so a system call that another process interrupts looks dearer than it is.
//   node bench/profile.mjs --guest hello|mapGet|datastoreGet|httpCall --seconds 10 --connections 16
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePort } from '../packages/local-infra/dist/index.js';
import { busiestThread } from './lib/cpu-profile.mjs';
import { guestBytes } from './lib/guests.mjs';
import { LoadProcess } from './lib/load.mjs';
import { ServerProcess } from './lib/server-process.mjs';
import { aPlugin, aRoute, ToriiNode } from './lib/torii-node.mjs';

const { values } = parseArgs({
  options: {
    guest: { type: 'string', default: 'hello' },
    isolation: { type: 'string', default: 'reuse' },
    seconds: { type: 'string', default: '10' },
    connections: { type: 'string', default: '16' },
    lines: { type: 'string', default: '30' },
  },
});
const directory = mkdtempSync(path.join(tmpdir(), 'torii-profile-'));
const profiles = path.join(directory, 'profiles');
const upstreamPort = await freePort();
const script = fileURLToPath(new URL('servers/node-http.mjs', import.meta.url));
const upstream = new ServerProcess({ name: 'upstream', command: process.execPath, args: [script, String(upstreamPort)] });
const load = new LoadProcess();
try {
  const env = {
    NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profiles}`,
    TORII_EGRESS_OVERRIDES: `upstream.bench=http://127.0.0.1:${upstreamPort}`,
  };
  const node = await ToriiNode.start({ directory, env });
  const requests = await run(node).finally(() => node.stop());
  report(requests);
} finally {
  load.stop();
  await upstream.stop();
  rmSync(directory, { recursive: true, force: true });
}

async function run(node) {
  const grants = ['plugin_map:read', 'plugin_map:write', 'plugin_datastore:read', 'plugin_datastore:write'];
  const sha256 = node.addModule(await guestBytes(values.guest));
  const plugin = aPlugin({ name: 'profiled', sha256, grants, isolation: values.isolation, allowedHosts: ['upstream.bench'] });
  const refusal = await node.apply([plugin], [aRoute(plugin, 'profiled.localhost')]);
  if (refusal !== undefined) throw new Error(refusal);
  const durationMs = Number(values.seconds) * 1_000;
  return load.run({ port: node.port, host: 'profiled.localhost', path: '/', connections: Number(values.connections), durationMs });
}

function report({ requests }) {
  const { busyUs, self, total } = busiestThread(profiles);
  const shown = (entries) =>
    entries
      .slice(0, Number(values.lines))
      .map(([name, us]) => `${((100 * us) / busyUs).toFixed(1).padStart(6)} %  ${name}`)
      .join('\n');
  console.log(`${requests} requests; the last half of the time of the busiest thread\n`);
  console.log(
    `with what it calls, our own code and the libraries\n${shown(total.filter(([name]) => /(apps|packages|node_modules)\//.test(name)))}\n`,
  );
  console.log(`alone\n${shown(self)}`);
}
