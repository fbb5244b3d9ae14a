// What guests that compute for ever do to everybody else on their thread: throughput and latency of a healthy function alone,
// and beside many connections that ask for nothing but loops. Rounds are interleaved.
//   node bench/hogs.mjs --hogs 100 --rounds 3 --seconds 4
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { compile, guestBytes } from './lib/guests.mjs';
import { LoadProcess } from './lib/load.mjs';
import { summary } from './lib/stats.mjs';
import { table } from './lib/tables.mjs';
import { aPlugin, aRoute, ToriiNode } from './lib/torii-node.mjs';

const { values } = parseArgs({
  options: {
    hogs: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    connections: { type: 'string', default: '8' },
    /** Of requests to the healthy function per second, over all connections; left out, as many as it takes. */
    rate: { type: 'string' },
  },
  allowNegative: true,
});
const hogs = Number(values.hogs);
const seconds = Number(values.seconds);
const loop = '(module (func (export "run") (result i32) (loop $l (br $l)) (i32.const 0)))';
const directory = mkdtempSync(path.join(tmpdir(), 'torii-hogs-'));
const healthyLoad = new LoadProcess();
const hogLoad = new LoadProcess();
const node = await ToriiNode.start({ directory });
try {
  const healthy = aPlugin({ name: 'healthy', sha256: node.addModule(await guestBytes('hello')) });
  const limits = { cpuMs: 50, wallMs: 5_000, maxInstancesPerNode: 200, maxQueuedPerNode: 1_000 };
  // A new plugin for each round: what the last one did has put it in quarantine.
  const hogPlugins = Array.from({ length: Number(values.rounds) }, (_, round) => ({ name: `hog-${round}`, limits }));
  const sha256 = node.addModule(await compile(loop));
  const plugins = [healthy, ...hogPlugins.map((part) => aPlugin({ ...part, sha256 }))];
  const refusal = await node.apply(
    plugins,
    plugins.map((plugin) => aRoute(plugin, `${plugin.name}.localhost`)),
  );
  if (refusal !== undefined) throw new Error(refusal);
  const rate = values.rate === undefined ? {} : { rate: Number(values.rate) };
  const healthyJob = {
    port: node.port,
    host: 'healthy.localhost',
    path: '/',
    connections: Number(values.connections),
    durationMs: seconds * 1_000,
    ...rate,
  };
  await healthyLoad.run(healthyJob);
  const alone = [];
  const beside = [];
  const answers = new Map();
  for (let round = 0; round < Number(values.rounds); round += 1) {
    alone.push(await healthyLoad.run(healthyJob));
    const hogJob = { port: node.port, host: `hog-${round}.localhost`, path: '/', connections: hogs, durationMs: (seconds + 1) * 1_000 };
    const hogRun = hogLoad.run(hogJob);
    beside.push(await healthyLoad.run(healthyJob));
    for (const [status, count] of Object.entries((await hogRun).failures)) answers.set(status, (answers.get(status) ?? 0) + count);
  }
  report({ alone, beside, answers });
} finally {
  healthyLoad.stop();
  hogLoad.stop();
  await node.stop();
  rmSync(directory, { recursive: true, force: true });
}

function report({ alone, beside, answers }) {
  const row = (name, runs) => {
    const figure = (of) => summary(runs.map(of)).median;
    return [
      name,
      Math.round(figure(({ requests, elapsedMs }) => (1_000 * requests) / elapsedMs)).toString(),
      figure(({ p50Ms }) => p50Ms).toFixed(2),
      figure(({ p99Ms }) => p99Ms).toFixed(2),
      String(runs.reduce((sum, { failures }) => sum + Object.values(failures).reduce((all, count) => all + count, 0), 0)),
    ];
  };
  console.log(table(['healthy function', 'req/s', 'p50 ms', 'p99 ms', 'failed'], [row('alone', alone), row(`beside ${hogs} that loop`, beside)]));
  const kept = summary(beside.map(({ requests, elapsedMs }, index) => requests / elapsedMs / (alone[index].requests / alone[index].elapsedMs)));
  console.log(`keeps ${Math.round(100 * kept.median)} % of its throughput (${Math.round(100 * kept.min)} to ${Math.round(100 * kept.max)})`);
  console.log(`the loops were answered ${[...answers].map(([status, count]) => `${status}: ${count}`).join(', ')}`);
}
