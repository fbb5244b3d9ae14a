// Fails when a function has become dearer: CPU per request as a multiple of the bare server's of the same round, against
// `baseline.json`. The least over the rounds is compared, because other work on the machine only ever adds.
//   node bench/gate.mjs            compares
//   node bench/gate.mjs --update   writes what it measures as the new baseline; run it on an idle machine
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runEngine } from './lib/engine-run.mjs';
import { ratiosTo } from './lib/tables.mjs';

/** So much above the baseline is noise. */
const tolerance = 1.5;
const file = new URL('baseline.json', import.meta.url);
const { values } = parseArgs({ options: { update: { type: 'boolean', default: false } } });

if (!values.update && !existsSync(file)) throw new Error('there is no baseline yet: run this with --update on an idle machine');

const { cases } = await runEngine({ rounds: 5, seconds: 2, connections: 16, threads: 1, only: 'Torii' });
const [bare, ...functions] = cases;
const measured = Object.fromEntries(functions.map(({ name, rounds }) => [name, Math.min(...ratiosTo(bare, rounds))]));
if (Object.values(measured).some((ratio) => !Number.isFinite(ratio))) throw new Error('CPU time is read from /proc, which is not here');

if (values.update) {
  const rounded = Object.fromEntries(Object.entries(measured).map(([name, ratio]) => [name, Number(ratio.toFixed(2))]));
  writeFileSync(file, `${JSON.stringify(rounded, undefined, 2)}\n`);
  console.log('baseline written');
} else {
  const baseline = JSON.parse(readFileSync(file, 'utf8'));
  for (const [name, allowed] of Object.entries(baseline)) {
    const ratio = measured[name];
    const isGood = ratio !== undefined && ratio <= allowed * tolerance;
    if (!isGood) process.exitCode = 1;
    console.log(`${isGood ? 'ok  ' : 'DEAR'} ${name}: ${ratio?.toFixed(2) ?? 'not measured'} x bare, baseline ${allowed}`);
  }
}
