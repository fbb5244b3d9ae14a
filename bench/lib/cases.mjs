import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../packages/local-infra/dist/index.js';
import { guestBytes, javaScriptGuestBytes, kernelBytes } from './guests.mjs';
import { ServerProcess } from './server-process.mjs';
import { aPlugin, aRoute, ToriiNode } from './torii-node.mjs';
import { startWorkerd, workerdProgram } from './workerd.mjs';

const servers = fileURLToPath(new URL('../servers/', import.meta.url));
const example = fileURLToPath(new URL('../../examples/geolocation-go/', import.meta.url));
const mapGrants = ['plugin_map:read', 'plugin_map:write'];

/** Name, guest and what is special about the plugin; `path` when it is not `/`. */
const functions = [
  ['Torii, function', 'hello', {}],
  ['Torii, function, fresh', 'hello', { isolation: 'fresh' }],
  ['Torii, one map get', 'mapGet', { grants: mapGrants }],
  ['Torii, one map get in Redis', 'mapGet', { grants: mapGrants, mapStore: 'shared' }],
  ['Torii, one datastore get', 'datastoreGet', { grants: ['plugin_datastore:read', 'plugin_datastore:write'] }],
  ['Torii, one HTTP call', 'httpCall', { allowedHosts: ['upstream.bench'] }],
];
const article = { functionName: 'GetCompleteAddress', wasi: true, grants: mapGrants, allowedHosts: ['*.data.gouv.fr'], limits: { cpuMs: 200 } };
const articlePath = '/search?q=avenue+allende+79000+niort';

/** Starts every server and resolves with the cases, `skipped` with the reasons of those that could not be had, and `stop`. */
export async function startCases(directory, { threads }) {
  const running = [];
  const started = async (server) => {
    running.push(await server);
    return running.at(-1);
  };
  const cases = [];
  const skipped = [];
  try {
    for (const name of ['node-http', 'fastify']) {
      const server = await started(startScript(path.join(servers, `${name}.mjs`)));
      cases.push({ name: name === 'node-http' ? 'bare node:http' : name, pid: server.pid, port: server.port, host: 'localhost', path: '/' });
    }
    const upstream = await started(startScript(path.join(servers, 'node-http.mjs')));
    const addresses = await started(startScript(path.join(example, 'address-api.mjs'), '--port'));
    const overrides = `upstream.bench=http://127.0.0.1:${upstream.port},api-adresse.data.gouv.fr=http://127.0.0.1:${addresses.port}`;
    const env = { TORII_EGRESS_OVERRIDES: overrides, TORII_DATA_THREADS: String(threads) };
    const node = await started(ToriiNode.start({ directory, env }));
    await addFunctions(node, cases, skipped);
    await addWorkerd(directory, started, cases, skipped);
    return { cases, skipped, stop: () => stopAll(running) };
  } catch (error) {
    await stopAll(running);
    throw error;
  }
}

/** One after the other, so that one the node refuses costs only itself. */
async function addFunctions(node, cases, skipped) {
  const plugins = [];
  const routes = [];
  const add = async (name, bytes, part, requestPath) => {
    const index = plugins.length + skipped.length;
    const plugin = aPlugin({ name: `bench-${index}`, sha256: node.addModule(bytes), ...part });
    const host = `bench-${index}.localhost`;
    const route = aRoute(plugin, host);
    const refusal = await node.apply([...plugins, plugin], [...routes, route]).catch((error) => error.message);
    if (refusal !== undefined) return void skipped.push({ name, reason: refusal });
    plugins.push(plugin);
    routes.push(route);
    cases.push({ name, pid: node.pid, port: node.port, host, path: requestPath });
  };
  for (const [name, guest, part] of functions) await add(name, await guestBytes(guest), part, '/');
  const inJavaScript = await javaScriptGuestBytes();
  await add('Torii, function in JavaScript', inJavaScript, { wasi: true }, '/');
  await add('Torii, the same, fresh', inJavaScript, { wasi: true, isolation: 'fresh' }, '/');
  const geolocation = await readFile(path.join(example, 'geolocation.wasm'));
  await add("Torii, the article's search again", geolocation, article, articlePath);
  await add('Torii, the same, fresh each time', geolocation, { ...article, isolation: 'fresh' }, articlePath);
  await add('Torii, the same with its map in Redis', geolocation, { ...article, mapStore: 'shared' }, articlePath);
}

async function addWorkerd(directory, started, cases, skipped) {
  const modules = { 'guest.wasm': await guestBytes('hello'), 'kernel.wasm': await kernelBytes() };
  for (const [name, script, embedded] of [
    ['workerd, JavaScript', 'workerd-hello.js', {}],
    ['workerd, the same function', 'workerd-guest.js', modules],
  ]) {
    try {
      const port = await freePort();
      const folder = path.join(directory, script);
      const server = await started(startWorkerd({ name, program: workerdProgram(), directory: folder, port, script, modules: embedded }));
      cases.push({ name, pid: server.pid, port, host: 'localhost', path: '/' });
    } catch (error) {
      skipped.push({ name, reason: error.message });
    }
  }
}

export async function startScript(file, ...flags) {
  const port = await freePort();
  const server = new ServerProcess({ name: path.basename(file), command: process.execPath, args: [file, ...flags, String(port)] });
  server.port = port;
  await server.answersAt(`http://127.0.0.1:${port}/`);
  return server;
}

export async function stopAll(running) {
  for (const server of running.reverse()) await server.stop();
}
