import './lib/check-node.mjs';
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { bootstrap } from './bootstrap.mjs';
import { appNode, exitWith } from './lib/checkout.mjs';
import { print, runProgram, step, stopPrograms } from './lib/progress.mjs';
import { whenOrphaned } from './lib/when-orphaned.mjs';

// `npm run test:long`: what takes too long for `npm test`, which holds a short form of each. `-- --scale 0.1` does a tenth.

const { values } = parseArgs({ options: { scale: { type: 'string', default: '1' } } });
const scale = Number(values.scale);
const scaled = (amount) => String(Math.max(1, Math.round(amount * scale)));

const seed = randomInt(2 ** 31);

const runs = [
  {
    title: `unit tests, seed ${seed}`,
    command: ['scripts/test.mjs', '--selectProjects', 'unit'],
    env: { TORII_TEST_LONG: 'true', TORII_TEST_SEED: String(seed) },
  },
  { title: 'long tests', command: ['scripts/test.mjs', '--selectProjects', 'long'], env: { TORII_TEST_LONG: 'true', TORII_TEST_SEED: String(seed) } },
  { title: 'differential', command: ['scripts/differential-long.mjs', '--seconds', scaled(300)] },
  { title: 'fuzz', command: ['scripts/fuzz-long.mjs', scaled(300)] },
  { title: 'churn', command: ['bench/churn.mjs', '--swaps', scaled(10_000), '--calls', scaled(1_000_000)] },
];

function stop() {
  stopPrograms();
  process.exit(1);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
whenOrphaned(stop);

try {
  if (!(scale > 0)) throw new Error('--scale takes a number above 0');
  await bootstrap();
  let failed = 0;
  for (const { title, command, env } of runs) {
    try {
      const output = await step(title, (say) => runProgram(title, [appNode(), ...command], { env, say }));
      for (const line of output
        .trim()
        .split(/[\r\n]+/)
        .slice(-4))
        print(`    ${line}`);
    } catch (error) {
      failed += 1;
      print(error.message);
    }
  }
  print(`${runs.length - failed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
} catch (error) {
  exitWith(error);
}
