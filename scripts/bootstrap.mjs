import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { appNode, checkout, UserError } from './lib/checkout.mjs';
import { releaseLock, takeLock } from './lib/lock-file.mjs';
import { choosePnpm, explainInstallFailure, packageManagerEnv } from './lib/package-manager.mjs';
import { print, runProgram, step } from './lib/progress.mjs';
import { fingerprint, packageFiles, Stamps } from './lib/stamps.mjs';

const stamps = new Stamps(path.join(checkout, 'node_modules', '.torii-bootstrap.json'));
const lockFile = path.join(checkout, '.torii', 'bootstrap.lock');
const lockPollMs = 500;
const lockTimeoutMs = 10 * 60_000;
const generatedClient = path.join(checkout, 'apps', 'control-plane', 'src', 'prisma', 'generated', 'client.ts');

/**
 * Brings a checkout, even a bare one, to where its apps can run: installs what the lockfile names, generates the
 * database client, builds without checking types, which takes half the time and makes the same JavaScript. Leaves out
 * what is done already. Needs no dependency and only the Node that is there.
 *
 * @param {{ whenGenerated?: () => void, whenInfraIsBuilt?: () => void, isForRunning?: boolean }} [options]
 *   `whenGenerated` is called once no source is missing, and `whenInfraIsBuilt` once packages/local-infra can be imported,
 *   both while the rest still builds; `isForRunning` builds the apps alone
 * @throws {UserError} with one line to act on, or with the last lines of the tool that failed
 */
export async function bootstrap({ whenGenerated = () => {}, whenInfraIsBuilt = () => {}, isForRunning = false } = {}) {
  await waitForLock();
  try {
    await install();
    const node = appNode();
    await Promise.all([generate(node).then(whenGenerated), build(node, 'build', ['packages/local-infra']).then(whenInfraIsBuilt)]);
    await build(node, 'build', isForRunning ? ['apps/control-plane', 'apps/data-plane', 'apps/builder'] : []);
  } finally {
    releaseLock(lockFile);
  }
}

async function install() {
  const current = fingerprint(checkout, ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...packageFiles(checkout)]);
  if (stamps.isFresh('install', current)) return;
  await step('install', async (say) => {
    say('looking for pnpm');
    const { packageManager } = JSON.parse(readFileSync(path.join(checkout, 'package.json'), 'utf8'));
    const command = [...choosePnpm(packageManager), 'install', '--frozen-lockfile', '--prefer-offline', '--reporter=append-only'];
    const retries = ['--config.fetch-retries=2', '--config.fetch-retry-mintimeout=1000', '--config.fetch-retry-maxtimeout=5000'];
    await runProgram('install', [...command, ...retries], { say, env: { ...packageManagerEnv, CI: 'true' }, explain: explainInstallFailure });
    stamps.set('install', current);
  });
}

async function generate(node) {
  const current = fingerprint(checkout, ['pnpm-lock.yaml', 'prisma.config.ts', path.join('prisma', 'schema.prisma')]);
  if (stamps.isFresh('generate', current) && existsSync(generatedClient)) return;
  const prisma = path.join('apps', 'control-plane', 'node_modules', 'prisma', 'build', 'index.js');
  // Generating never runs the schema engine, but the tool would download it unless some file is named in its place.
  const env = { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1' };
  await step('generate', (say) => runProgram('generate', [node, prisma, 'generate'], { say, env }));
  stamps.set('generate', current);
}

/** The compiler itself finds out what is fresh. On one core, it does half the work that it does on two. */
async function build(node, title, projects) {
  const command = [node, path.join('node_modules', 'typescript', 'bin', 'tsc'), '-b', '--noCheck', '--singleThreaded', ...projects];
  await step(title, (say) => runProgram(title, command, { say }));
}

/** Two runs in one checkout, such as npm start beside npm test, must not install over each other. */
async function waitForLock() {
  const startMs = performance.now();
  let owner = takeLock(lockFile, 'node');
  if (owner !== undefined) print(`  waiting for process ${owner}, which installs or builds this checkout`);
  while (owner !== undefined) {
    if (performance.now() - startMs > lockTimeoutMs)
      throw new UserError(`process ${owner} has installed or built this checkout for ten minutes: end it`);
    await sleep(lockPollMs);
    owner = takeLock(lockFile, 'node');
  }
}
