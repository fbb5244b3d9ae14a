// What a function costs: the same small answer from a bare server, from Fastify, from functions on a Torii node, and from
// workerd. Rounds are interleaved, so that a slow moment of the machine hits all alike; compare within one run only.
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runEngine } from './lib/engine-run.mjs';
import { engineTable } from './lib/tables.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    connections: { type: 'string', default: '16' },
    threads: { type: 'string', default: '1' },
    rate: { type: 'string' },
    only: { type: 'string', default: '' },
    write: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const { only, write, ...numbers } = values;
const settings = Object.fromEntries(Object.entries(numbers).map(([name, text]) => [name, Number(text)]));
const { cases, skipped } = await runEngine({ ...settings, only });

const cores = availableParallelism();
const machine = { date: new Date().toISOString(), node: process.version, cores, cpu: cpus()[0]?.model.trim() };
console.log(`${machine.date.slice(0, 10)}, Node ${machine.node}, ${cores} cores (${machine.cpu}), load generator on the same machine`);
console.log(`${settings.rounds} rounds of ${settings.seconds} s, ${settings.connections} connections, ${settings.threads} data thread(s)\n`);
console.log(engineTable(cases));
if (write) {
  const results = fileURLToPath(new URL('results/', import.meta.url));
  mkdirSync(results, { recursive: true });
  const file = path.join(results, `${machine.date.slice(0, 10)}-${cores}core.json`);
  const rows = cases.map(({ name, rounds }) => ({ name, rounds }));
  writeFileSync(file, `${JSON.stringify({ ...machine, ...settings, skipped, cases: rows }, undefined, 1)}\n`);
  console.log(`\nwritten to ${path.relative(process.cwd(), file)}`);
}
