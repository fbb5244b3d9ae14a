// Whether a node's memory stays what it is while its configuration changes all the time under load: each swap brings a new
// version of the plugin with a module that no other swap had, before it is rewritten or after. The whole writes its curve to
// results/, as numbers and as a picture; less of it does so when it is told `--write`.
//   node bench/churn.mjs                                the whole: 10,000 swaps, 1,000,000 calls; ten minutes to half an hour
//   node bench/churn.mjs --swaps 300 --calls 20000      a taste of it
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { guestBytes } from './lib/guests.mjs';
import { lineChart } from './lib/line-chart.mjs';
import { LoadProcess } from './lib/load.mjs';
import { residentBytesOf } from './lib/process-cpu.mjs';
import { aPlugin, aRoute, ToriiNode } from './lib/torii-node.mjs';
import { withUniqueExport } from './lib/unique-module.mjs';

const whole = { swaps: 10_000, calls: 1_000_000 };
const { values } = parseArgs({
  options: {
    swaps: { type: 'string', default: String(whole.swaps) },
    calls: { type: 'string', default: String(whole.calls) },
    write: { type: 'boolean', default: false },
  },
});
const swapsWanted = Number(values.swaps);
const callsWanted = Number(values.calls);
const host = 'churn.bench';
const sampleEveryMs = 1_000;
const loadBurstMs = 2_000;
/** Memory that grows by more than this over 1,000 swaps is a leak; a short run is too short to tell. */
const leakMiBPer1000Swaps = 10;
const tellingSwaps = 2_000;
const MiB = 1024 * 1024;

const directory = mkdtempSync(path.join(tmpdir(), 'torii-churn-'));
const node = await ToriiNode.start({ directory, env: { TORII_POLL_INTERVAL_MS: '50' } });
const load = new LoadProcess();
const samples = [];
let swaps = 0;
let calls = 0;
let failures = 0;

try {
  const base = await guestBytes('hello');
  const plugin = aPlugin({ name: 'churn', sha256: node.addModule(base) });
  await apply(plugin);
  const startedAt = performance.now();
  const isDone = () => swaps >= swapsWanted && calls >= callsWanted;
  await Promise.all([swapAll(base, plugin), callAll(isDone), sampleAll(isDone, startedAt)]);
  report((performance.now() - startedAt) / 1000);
} finally {
  load.stop();
  await node.stop();
  rmSync(directory, { recursive: true, force: true });
}

async function swapAll(base, plugin) {
  while (swaps < swapsWanted) {
    const bytes = withUniqueExport(base, swaps);
    await apply({ ...plugin, version: swaps + 2, sha256: node.addModule(bytes) });
    node.forgetModules(2);
    swaps += 1;
  }
}

async function apply(plugin) {
  const refusal = await node.apply([plugin], [aRoute(plugin, host)]);
  if (refusal !== undefined) throw new Error(`swap ${swaps}: ${refusal}`);
}

async function callAll(isDone) {
  while (!isDone()) {
    const result = await load.run({ port: node.port, host, path: '/', connections: 16, durationMs: loadBurstMs });
    calls += result.requests;
    failures += Object.values(result.failures).reduce((sum, count) => sum + count, 0);
  }
}

async function sampleAll(isDone, startedAt) {
  while (!isDone()) {
    await delay(sampleEveryMs);
    const seconds = (performance.now() - startedAt) / 1000;
    samples.push({ seconds: Math.round(seconds), swaps, calls, rssMiB: Math.round((residentBytesOf(node.pid) ?? 0) / MiB) });
    process.stderr.write(`\r${swaps} swaps, ${calls} calls, ${samples.at(-1).rssMiB} MiB   `);
  }
  process.stderr.write('\n');
}

function report(seconds) {
  // What a node needs to get going is no leak: only the second half counts.
  const late = samples.slice(Math.floor(samples.length / 2));
  const { slope, residual } = lineThrough(late.map(({ swaps: x, rssMiB: y }) => ({ x, y })));
  const per1000 = slope * 1000;
  console.log(`${swaps} swaps and ${calls} calls in ${Math.round(seconds)} s, ${failures} not answered with 200`);
  console.log(
    `resident memory ${samples[0].rssMiB} MiB at first, ${samples.at(-1).rssMiB} MiB at last, ${Math.max(...samples.map((sample) => sample.rssMiB))} MiB at most`,
  );
  console.log(`second half: ${per1000.toFixed(2)} MiB per 1,000 swaps, scatter ${residual.toFixed(1)} MiB`);
  if (values.write || (swaps >= whole.swaps && calls >= whole.calls)) write({ seconds, per1000 });
  const isLeaking = swaps >= tellingSwaps && per1000 > leakMiBPer1000Swaps;
  if (isLeaking) console.error(`memory grows by more than ${leakMiBPer1000Swaps} MiB per 1,000 swaps`);
  if (failures > 0 || isLeaking) process.exitCode = 1;
}

function write({ seconds, per1000 }) {
  const results = fileURLToPath(new URL('results/', import.meta.url));
  mkdirSync(results, { recursive: true });
  const name = `churn-${new Date().toISOString().slice(0, 10)}`;
  writeFileSync(path.join(results, `${name}.json`), `${JSON.stringify({ swaps, calls, failures, seconds, miBPer1000Swaps: per1000, samples })}\n`);
  const points = samples.map(({ swaps: x, rssMiB: y }) => ({ x, y }));
  writeFileSync(
    path.join(results, `${name}.svg`),
    lineChart({ title: 'Resident memory of a node over swaps of a plugin under load', xLabel: 'swaps', yLabel: 'MiB', points }),
  );
  console.log(`written to bench/results/${name}.json and .svg`);
}

/** Least squares; `residual` is the standard deviation of what the line does not explain. */
function lineThrough(points) {
  const n = points.length;
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / n;
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / n;
  const varianceX = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  const slope = varianceX === 0 ? 0 : points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / varianceX;
  const residual = Math.sqrt(points.reduce((sum, { x, y }) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0) / n);
  return { slope, residual };
}
