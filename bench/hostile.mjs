// What guests that are up to no good do to a node and to a healthy function on the same thread: the error that they are
// answered with, how far beyond their time they got, the healthy function's latency beside them, the node's memory after
// them. Each call's own figures come from the node's report of its request. `--verbose` shows every guest.
//   node bench/hostile.mjs --calls 10
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { debugTokenKey, Secret, signDebugToken } from '../packages/service-kit/dist/index.js';
import { giantModules } from '../packages/test-kit/dist/giant-modules.js';
import { hostileGuest } from '../packages/test-kit/dist/hostile-guests.js';
import { lyingModules } from '../packages/test-kit/dist/lying-modules.js';
import { guestBytes } from './lib/guests.mjs';
import { hostileCases, neverBeginning, tooLarge } from './lib/hostile-cases.mjs';
import { Prober } from './lib/prober.mjs';
import { residentBytesOf } from './lib/process-cpu.mjs';
import { quantile } from './lib/stats.mjs';
import { table } from './lib/tables.mjs';
import { aPlugin, aRoute, nodeToken, ToriiNode } from './lib/torii-node.mjs';

const { values } = parseArgs({
  options: {
    // Fewer than put a plugin under quarantine.
    calls: { type: 'string', default: '10' },
    only: { type: 'string', default: '' },
    verbose: { type: 'boolean', default: false },
  },
});
const calls = Number(values.calls);
const MiB = 1024 * 1024;
const aloneMs = 3_000;
const healthyAt = { host: 'healthy.localhost', path: '/' };
/** Memory of guests that are gone is collected when it has been quiet for a while. */
const settleMs = 5_000;
const warmUpTimeoutMs = 500;
const prepareTimeoutMs = 10_000;
const grants = ['plugin_map:read', 'plugin_map:write'];

const directory = mkdtempSync(path.join(tmpdir(), 'torii-hostile-'));
const node = await ToriiNode.start({
  directory,
  env: {
    TORII_LOG_LEVEL: 'fatal',
    TORII_WARM_UP_TIMEOUT_MS: String(warmUpTimeoutMs),
    TORII_PREPARE_TIMEOUT_MS: String(prepareTimeoutMs),
  },
});
const token = signDebugToken(debugTokenKey(new Secret(nodeToken)), { exp: Math.floor(Date.now() / 1_000) + 36_000 });
const healthy = aPlugin({ name: 'healthy', sha256: node.addModule(await guestBytes('hello')) });
let prober;
let misses = 0;

try {
  await attack();
  await refuseAll();
} finally {
  prober?.stop();
  await node.stop();
  rmSync(directory, { recursive: true, force: true });
}
if (misses > 0) {
  console.error(`${misses} calls were answered otherwise than they should have been`);
  process.exitCode = 1;
}

async function attack() {
  const groups = Object.entries(hostileCases).filter(([name]) => name.includes(values.only));
  const plugins = new Map();
  for (const one of groups.flatMap(([, cases]) => cases)) plugins.set(one, await pluginOf(one));
  const refusal = await configure([...plugins.values()]);
  if (refusal !== undefined) throw new Error(refusal);
  prober = new Prober({ port: node.port, ...healthyAt });
  const rows = [];
  for (const [name, cases] of groups) {
    const { alone, residentBefore } = await restAlone();
    const outcomes = [];
    for (const one of cases) outcomes.push({ one, calls: await callAll(one, plugins.get(one)), beside: prober.take() });
    await delay(settleMs);
    rows.push(rowOf(name, outcomes, { alone, residentBefore }));
    if (values.verbose) console.log(`${detailTable(outcomes)}\n`);
  }
  console.log(`${calls} calls of each, one after the other; a guest that is to be cut may compute for 50 ms and take 500 ms in all. ms`);
  const head = [
    '',
    'guests',
    'as named',
    'time over p50',
    'max',
    'healthy p50 alone',
    'p99',
    'max',
    'beside p50',
    'p99',
    'max',
    'failed',
    'MiB',
    'after',
  ];
  console.log(table(head, rows));
}

/** Memory when it has been quiet for a while, and the healthy function alone. */
async function restAlone() {
  await delay(settleMs);
  const residentBefore = resident();
  prober.take();
  await delay(aloneMs);
  return { residentBefore, alone: prober.take() };
}

/** Resolves with what became of each call. */
async function callAll(one, plugin) {
  const outcomes = [];
  for (let call = 0; call < calls; call += 1) {
    const { code, reportId } = await node.request(`${plugin.name}.localhost`, '/', { 'x-torii-debug': token });
    const next = await node.request(healthyAt.host, healthyAt.path);
    const isAsNamed = code === one.code && next.status === 200;
    if (!isAsNamed) {
      misses += 1;
      console.error(`${one.guest}.${one.functionName}: ${code}, the healthy call after it: ${next.status}`);
    }
    outcomes.push({ isAsNamed, overMs: overshootOf(await node.report(reportId), one) });
  }
  return outcomes;
}

/** How much longer than it may a guest computed that was cut for that, or else took in all. */
function overshootOf(report, { code, limits }) {
  const guest = JSON.stringify(report).match(/"guest":\{"start_ns":\d+,"wall_ns":(\d+),"cpu_ns":(\d+)/);
  if (guest === null || code !== 'plugin.deadline_exceeded') return undefined;
  const [wallMs, cpuMs] = [Number(guest[1]) / 1e6, Number(guest[2]) / 1e6];
  return cpuMs > limits.cpuMs ? cpuMs - limits.cpuMs : Math.max(0, wallMs - limits.wallMs);
}

/** What is refused before it is called: the configuration stays what it was, and goes on being served. */
async function refuseAll() {
  const rows = [];
  const modules = [
    ...(await Promise.all(neverBeginning.map(async (name) => [name, await hostileGuest(name)]))),
    ...tooLarge.map((name) => [name, giantModules[name]()]),
    ...lyingModules.map(({ bytes, lie }) => [`lies: ${lie}`, bytes]),
  ].filter(([name]) => name.includes(values.only));
  const { alone, residentBefore } = await restAlone();
  for (const [name, bytes] of modules) {
    const startedMs = performance.now();
    const refusal = await configure([aPlugin({ name: 'refused', sha256: node.addModule(bytes), wasi: true, grants, limits: { cpuMs: 50 } })]);
    const tookMs = performance.now() - startedMs;
    if (refusal?.startsWith('config.compile_failed') !== true) misses += 1;
    rows.push([name, tookMs.toFixed(0), (refusal ?? 'taken').slice(0, 120)]);
  }
  const beside = prober.take();
  await delay(settleMs);
  if (rows.length === 0) return;
  const shown = values.verbose ? rows : rows.filter(([name]) => !name.startsWith('lies'));
  console.log(`\nrefused; a start may take ${warmUpTimeoutMs} ms, rewriting a module ${prepareTimeoutMs} ms`);
  console.log(
    table(
      ['', 'ms', 'why'],
      shown.map(([name, ms, why]) => [name, ms, ` ${why}`]),
    ),
  );
  if (shown.length < rows.length) console.log(`and ${rows.length - shown.length} small modules that are not what they say`);
  console.log(`healthy p99 ${alone.p99Ms.toFixed(1)} ms alone, ${beside.p99Ms.toFixed(1)} ms beside them (${beside.maxMs.toFixed(1)} at most)`);
  console.log(`${residentBefore} MiB before, ${resident()} MiB after`);
}

async function pluginOf({ guest, functionName, limits }) {
  const sha256 = node.addModule(await hostileGuest(guest));
  return aPlugin({ name: `${guest}-${functionName}`.toLowerCase(), sha256, functionName, wasi: true, grants, limits });
}

function configure(others) {
  const plugins = [healthy, ...others];
  return node.apply(
    plugins,
    plugins.map((plugin) => aRoute(plugin, `${plugin.name}.localhost`)),
    60_000,
  );
}

function rowOf(name, outcomes, { alone, residentBefore }) {
  const made = outcomes.flatMap((outcome) => outcome.calls);
  const worst = (figure) => Math.max(...outcomes.map(({ beside }) => beside[figure]));
  return [
    name,
    String(outcomes.length),
    `${made.filter(({ isAsNamed }) => isAsNamed).length} of ${made.length}`,
    ...spread(made.map(({ overMs }) => overMs)),
    ...latencies(alone),
    // Of the guest beside which it was worst.
    ...latencies({ p50Ms: worst('p50Ms'), p99Ms: worst('p99Ms'), maxMs: worst('maxMs') }),
    String(outcomes.reduce((sum, { beside }) => sum + beside.failures, 0)),
    String(residentBefore),
    String(resident()),
  ];
}

function detailTable(outcomes) {
  const rows = outcomes.map(({ one, calls: made, beside }) => [
    `${one.guest}.${one.functionName}`,
    one.code,
    ...spread(made.map(({ overMs }) => overMs)),
    ...latencies(beside),
    String(beside.requests),
  ]);
  return table(['', 'answered', 'time over p50', 'max', 'beside p50', 'p99', 'max', 'of'], rows);
}

function latencies({ p50Ms, p99Ms, maxMs }) {
  return [p50Ms, p99Ms, maxMs].map((ms) => ms.toFixed(1));
}

function spread(figures) {
  const known = figures.filter((figure) => figure !== undefined).sort((a, b) => a - b);
  return known.length === 0 ? ['-', '-'] : [quantile(known, 0.5).toFixed(1), known.at(-1).toFixed(1)];
}

function resident() {
  return Math.round((residentBytesOf(node.pid) ?? 0) / MiB);
}
