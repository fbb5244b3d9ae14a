import './lib/check-node.mjs';
import path from 'node:path';
import { exitWith, UserError } from './lib/checkout.mjs';
import { releaseLock, takeLock } from './lib/lock-file.mjs';
import { preflight } from './lib/preflight.mjs';
import { readSettings } from './lib/settings.mjs';
import { Stack } from './lib/stack.mjs';
import { whenOrphaned } from './lib/when-orphaned.mjs';

// `npm start`: from a checkout to a gateway that answers on the article's route.
const startedMs = performance.now();
/** When stopping takes longer than every part's own deadline together, something is stuck. */
const stopTimeoutMs = 60_000;

async function main() {
  const settings = readSettings(process.env, process.argv.slice(2));
  const lockFile = path.join(settings.home, 'start.lock');
  const owner = takeLock(lockFile, 'start.mjs');
  if (owner !== undefined)
    throw new UserError(`it runs already in this folder (process ${owner}): end that, or set TORII_HOME and other ports for a second one`);

  const stack = new Stack(settings, startedMs);
  let isStopping = false;
  const stop = (code) => {
    // A second Ctrl-C means now.
    if (isStopping) {
      stack.kill();
      process.exit(code);
    }
    isStopping = true;
    setTimeout(() => {
      stack.kill();
      process.exit(1);
    }, stopTimeoutMs).unref();
    return stack.stop().then(() => {
      releaseLock(lockFile);
      process.exit(code);
    });
  };
  process.on('SIGINT', () => void stop(130));
  process.on('SIGTERM', () => void stop(143));
  process.on('SIGHUP', () => void stop(129));
  whenOrphaned(() => void stop(1));
  try {
    await preflight(settings);
    await stack.start();
  } catch (error) {
    // Stopping while it starts makes parts of the start fail.
    if (isStopping) return;
    console.error(error instanceof UserError ? `torii: ${error.message}` : error);
    await stop(1);
  }
}

main().catch(exitWith);
