// How long the largest import of Otoroshi's routes takes, and how long another write has to wait for it.
//   node bench/import.mjs --rounds 3 --routes 1000 --plugins 500
//   node bench/import.mjs --rounds 1 --profile <folder>     for a CPU profile of the control plane besides
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePort, startPostgres, startRedis } from '../packages/local-infra/dist/index.js';
import { guestBytes } from './lib/guests.mjs';
import { cpuUsOf } from './lib/process-cpu.mjs';
import { ServerProcess } from './lib/server-process.mjs';
import { withUniqueExport } from './lib/unique-module.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    routes: { type: 'string', default: '1000' },
    plugins: { type: 'string', default: '500' },
    profile: { type: 'string' },
  },
});
const guest = await guestBytes('hello');
const entry = fileURLToPath(new URL('../apps/control-plane/dist/main.js', import.meta.url));
const directory = mkdtempSync(path.join(tmpdir(), 'torii-import-'));
const postgres = await startPostgres({ dataDir: path.join(directory, 'postgres') });
const valkey = await startRedis({ dataDir: path.join(directory, 'redis') });
const port = await freePort();
const controlPlane = new ServerProcess({
  name: 'control plane',
  command: process.execPath,
  args: [entry],
  cwd: directory,
  env: {
    DATABASE_URL: postgres.urlOf('postgres'),
    REDIS_URL: valkey.url,
    TORII_HOME: directory,
    TORII_ADMIN_PORT: String(port),
    ...(values.profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${values.profile}` }),
  },
});
try {
  await controlPlane.answersAt(`http://127.0.0.1:${port}/readyz`, (status) => status === 200);
  const key = readFileSync(path.join(directory, 'admin-key'), 'utf8').trim();
  console.log('| import | seconds | another write waited at most (s) | CPU of the control plane (s) |\n|---|---|---|---|');
  for (let round = 0; round < Number(values.rounds); round += 1) await measureRound(key, round);
} finally {
  await controlPlane.stop();
  await valkey.stop();
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
}

async function measureRound(key, round) {
  const modules = Array.from({ length: Number(values.plugins) }, (_, index) => withUniqueExport(guest, round * 100_000 + index));
  const file = (suffix) =>
    Array.from({ length: Number(values.routes) }, (_, index) => ({
      id: `${round}-${index}`,
      name: `Route ${round} ${index}`,
      frontend: { domains: [`r${index}.${round}.example${suffix}`] },
      backend: { targets: [{ hostname: 'upstream.example', port: 8080 }] },
      plugins: modules[index] === undefined ? [] : [slotOf(modules[index])],
    }));
  await measure(key, 'dry run', file(''), '?dryRun=true');
  await measure(key, 'new, each plugin with a module of its own', file(''));
  await measure(key, 'the same again', file(''));
  await measure(key, 'the same, every route changed', file('/v2'));
}

function slotOf(bytes) {
  const config = { source: { kind: 'base64', path: Buffer.from(bytes).toString('base64') }, functionName: 'run' };
  return { plugin: 'cp:otoroshi.next.plugins.WasmPreRoute', config };
}

async function measure(key, what, file, query = '') {
  const cpuUs = cpuUsOf(controlPlane.pid);
  const probe = probeWrites(key);
  const beganMs = performance.now();
  const report = await api(key, 'POST', `/api/v1/import/otoroshi${query}`, file);
  const tookMs = performance.now() - beganMs;
  const waitedMs = await probe.stop();
  const wanted = file.length + file.filter(({ plugins }) => plugins.length > 0).length;
  if (report.entities.length !== wanted || report.counts.lost > 0)
    throw new Error(`${what}: not everything was imported: ${JSON.stringify(report.items[0])}`);
  const cpu = cpuUs === undefined ? '-' : ((cpuUsOf(controlPlane.pid) - cpuUs) / 1e6).toFixed(2);
  console.log(`| ${what} | ${(tookMs / 1_000).toFixed(2)} | ${(waitedMs / 1_000).toFixed(2)} | ${cpu} |`);
}

/** Writes one after another, which change nothing, and so wait for the import alone. */
function probeWrites(key) {
  let isOver = false;
  let longestMs = 0;
  const done = (async () => {
    while (!isOver) {
      const beganMs = performance.now();
      await api(key, 'PUT', '/api/v1/settings', {});
      longestMs = Math.max(longestMs, performance.now() - beganMs);
      await delay(20);
    }
  })();
  return {
    stop: async () => {
      isOver = true;
      await done;
      return longestMs;
    },
  };
}

async function api(key, method, resource, body) {
  const response = await fetch(`http://127.0.0.1:${port}${resource}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${resource} answered ${response.status}: ${text.slice(0, 1_000)}`);
  return JSON.parse(text);
}
