import './lib/check-node.mjs';
import path from 'node:path';
import { checkout, exitWith } from './lib/checkout.mjs';
import { stopPrograms } from './lib/progress.mjs';
import { runCommand } from './lib/toolchains/run-command.mjs';

// `npm run toolchains -- add go`: fetches what a builder needs for languages that npm does not bring.
const home = path.resolve(checkout, process.env.TORII_HOME || '.torii');
const stopping = new AbortController();

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
]) {
  process.on(signal, () => {
    stopping.abort();
    stopPrograms();
    process.exit(code);
  });
}

runCommand(process.argv.slice(2), { home, env: process.env, signal: stopping.signal }).catch(exitWith);
