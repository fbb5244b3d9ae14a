// The memory of one node with many functions that nobody calls: as they were activated, with an instance each, and when those
// have been given up again; then the first call of a few of them. `--distinct` makes each a module of its own, as if all came
// from different authors.
//   node bench/idle-functions.mjs --functions 10000 --guest hello|go|javascript --distinct
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { guestBytes, javaScriptGuestBytes } from './lib/guests.mjs';
import { residentBytesOf } from './lib/process-cpu.mjs';
import { quantile } from './lib/stats.mjs';
import { aPlugin, aRoute, ToriiNode } from './lib/torii-node.mjs';
import { withUniqueExport } from './lib/unique-module.mjs';

const { values } = parseArgs({
  options: {
    functions: { type: 'string', default: '10000' },
    guest: { type: 'string', default: 'hello' },
    distinct: { type: 'boolean', default: false },
    calls: { type: 'string', default: '200' },
  },
});
const idleMs = 5_000;
const settleMs = 60_000;
const activationTimeoutMs = 30 * 60_000;
const MiB = 1024 * 1024;
const guests = {
  hello: async () => ({ bytes: await guestBytes('hello'), part: {}, path: '/' }),
  javascript: async () => ({ bytes: await javaScriptGuestBytes(), part: { wasi: true }, path: '/' }),
  go: async () => ({
    bytes: await readFile(new URL('../examples/geolocation-go/geolocation.wasm', import.meta.url)),
    part: {
      functionName: 'GetCompleteAddress',
      wasi: true,
      grants: ['plugin_map:read', 'plugin_map:write'],
      limits: { cpuMs: 1_000 },
    },
    path: '/search',
  }),
};

const count = Number(values.functions);
const { bytes, part, path: requestPath } = await guests[values.guest]();
const directory = mkdtempSync(path.join(tmpdir(), 'torii-idle-'));
const env = {
  TORII_INSTANCE_IDLE_MS: String(idleMs),
  TORII_LOG_LEVEL: 'warn',
  TORII_PREPARE_TIMEOUT_MS: '600000',
  TORII_ACTIVATION_TIMEOUT_MS: '600000',
};
const node = await ToriiNode.start({ directory, env });
try {
  const before = residentMiB();
  const one = node.addModule(bytes);
  const plugins = Array.from({ length: count }, (_, index) => {
    const sha256 = values.distinct ? node.addModule(withUniqueExport(bytes, index)) : one;
    return aPlugin({ name: `f${index}`, sha256, ...part });
  });
  const routes = plugins.map((plugin) => aRoute(plugin, `${plugin.name}.localhost`));
  const startedMs = performance.now();
  const refusal = await node.apply(plugins, routes, activationTimeoutMs);
  if (refusal !== undefined) throw new Error(refusal);
  const activationMs = performance.now() - startedMs;
  console.log(`${count} functions (${values.guest}, ${values.distinct ? 'a module each' : 'of one module'}), one data thread`);
  console.log(`before                     ${before} MiB`);
  console.log(`activated                  ${residentMiB()} MiB, after ${(activationMs / 1_000).toFixed(1)} s`);
  await delay(2 * idleMs + settleMs);
  console.log(`idle                       ${residentMiB()} MiB`);
  const times = [];
  for (let index = 0; index < Number(values.calls); index += 1) {
    const at = performance.now();
    const plugin = plugins[Math.floor((index * count) / Number(values.calls))];
    const response = await node.request(`${plugin.name}.localhost`, requestPath);
    if (response.status >= 500 && response.code !== 'plugin.failed') throw new Error(`${plugin.name} answered ${response.status} ${response.code}`);
    times.push(performance.now() - at);
  }
  times.sort((a, b) => a - b);
  console.log(`first call after that      p50 ${quantile(times, 0.5).toFixed(2)} ms, p99 ${quantile(times, 0.99).toFixed(2)} ms at the client`);
} finally {
  await node.stop();
  rmSync(directory, { recursive: true, force: true });
}

function residentMiB() {
  return (residentBytesOf(node.pid) / MiB).toFixed(0);
}
