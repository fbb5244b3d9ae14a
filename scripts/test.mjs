import './lib/check-node.mjs';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bootstrap } from './bootstrap.mjs';
import { appNode, checkout, exitWith } from './lib/checkout.mjs';
import { staticChecks } from './lib/checks.mjs';
import { closingLine, needsServers } from './lib/jest-run.mjs';
import { print, runProgram, seconds, step, stopPrograms } from './lib/progress.mjs';
import { whenOrphaned } from './lib/when-orphaned.mjs';

// `npm test`: everything that must hold, on a bare checkout too. Arguments go to jest, and then only jest runs.

const args = process.argv.slice(2);
const folder = mkdtempSync(path.join(tmpdir(), 'torii-test-'));
const closers = [];
let isStopping = false;

async function main() {
  const checks = args.length === 0 ? staticChecks : [];
  // Beside the build, which runs on one core.
  let early = Promise.resolve([]);
  const whenGenerated = () => {
    early = runChecks(checks.filter(({ needsBuild }) => !needsBuild));
  };
  await bootstrap({ whenGenerated });
  const env = needsServers(args) ? await startServers() : {};
  const late = early.then(async (complaints) => [...complaints, ...(await runChecks(checks.filter(({ needsBuild }) => needsBuild)))]);
  // At once: tests often wait, and the checks run on one core.
  const [counts, complaints] = await Promise.all([runJest(env), late]);
  for (const complaint of complaints) print(complaint);
  const failed = counts.failed + complaints.length;
  // A run without a test has proved nothing.
  const isGood = failed === 0 && counts.passed > 0 && counts.exitCode === 0;
  return { code: isGood ? 0 : 1, line: closingLine({ ...counts, failed }) };
}

/**
 * One after the other, without a status line, for jest has one.
 *
 * @param {typeof staticChecks} checks
 * @returns {Promise<string[]>} what each check that failed says
 */
async function runChecks(checks) {
  const complaints = [];
  for (const { title, command } of checks) {
    const startMs = performance.now();
    try {
      await runProgram(title, [appNode(), ...command]);
      print(`  ${title.padEnd(10)} ${seconds(startMs)}`);
    } catch (error) {
      complaints.push(error.message);
    }
  }
  return complaints;
}

/** One of each for the whole run; every test file has a database and a prefix of keys for itself. */
async function startServers() {
  const { startPostgres, startRedis } = await import('../packages/local-infra/dist/index.js');
  return await step('servers', async () => {
    const [postgres, redis] = await Promise.all([
      startPostgres({ dataDir: path.join(folder, 'postgres'), durable: false }).then(closing),
      startRedis({ dataDir: path.join(folder, 'redis'), kind: 'wasm', nodePath: appNode() }).then(closing),
    ]);
    return { TORII_TEST_DATABASE_URL: postgres.urlOf('postgres'), TORII_TEST_REDIS_URL: redis.url };
  });
}

function closing(server) {
  closers.push(() => server.stop());
  return server;
}

// More room for young objects means fewer collections: a tenth less work for files that load many modules.
const nodeFlags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', '--max-semi-space-size=32'];

/** @returns {Promise<import('./lib/jest-run.mjs').Counts>} */
async function runJest(env) {
  const countsFile = path.join(folder, 'counts.json');
  const jest = path.join(checkout, 'node_modules', 'jest', 'bin', 'jest.js');
  const child = spawn(appNode(), [...nodeFlags, jest, ...args], {
    cwd: checkout,
    // Whatever tests leave in the folder for temporary files goes with ours.
    env: { ...process.env, ...env, TMPDIR: folder, TORII_TEST_COUNTS_FILE: countsFile, NODE_COMPILE_CACHE: path.join(folder, 'compiled') },
    stdio: 'inherit',
  });
  closers.push(() => child.kill('SIGTERM'));
  const exitCode = await new Promise((resolve) => {
    child.once('error', () => resolve(1));
    child.once('exit', (code) => resolve(code ?? 1));
  });
  const counts = existsSync(countsFile) ? JSON.parse(readFileSync(countsFile, 'utf8')) : { passed: 0, failed: 0, skipped: 0 };
  return { ...counts, exitCode };
}

/** Ends what was started, last first. */
async function close() {
  stopPrograms();
  for (const closer of closers.splice(0).reverse()) await closer();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

function stop() {
  // A second signal means now.
  if (isStopping) process.exit(1);
  isStopping = true;
  void close().finally(() => process.exit(1));
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
whenOrphaned(stop);

try {
  const { code, line } = await main();
  await close();
  // The last thing anyone reads.
  print(line);
  process.exit(code);
} catch (error) {
  if (!isStopping) {
    await close();
    exitWith(error);
  }
}
