import { spawnSync } from 'node:child_process';
import { checkout } from './checkout.mjs';

/** Corepack asks before it downloads, and would wait for an answer that nobody sees. */
export const packageManagerEnv = { COREPACK_ENABLE_DOWNLOAD_PROMPT: '0', COREPACK_ENABLE_AUTO_PIN: '0', PNPM_CONFIG_UPDATE_NOTIFIER: 'false' };

const versionTimeoutMs = 60_000;

/**
 * The command that runs exactly the pnpm which package.json names: pnpm itself where it has that version, else corepack,
 * which checks the hash, else npx.
 *
 * @param {string} pinned `pnpm@<version>+sha512.<hash>`
 * @param {(command: readonly string[]) => string | undefined} versionOf what a command answers to --version
 * @returns {readonly string[]}
 */
export function choosePnpm(pinned, versionOf = askVersion) {
  const [name] = pinned.split('+');
  const version = name.slice(name.indexOf('@') + 1);
  for (const command of [['pnpm'], ['corepack', 'pnpm']]) {
    if (versionOf(command) === version) return command;
  }
  return ['npx', '--yes', '--fetch-retries=1', '--fetch-retry-mintimeout=1000', name];
}

function askVersion([program, ...args]) {
  const { status, stdout } = spawnSync(program, [...args, '--version'], {
    cwd: checkout,
    encoding: 'utf8',
    timeout: versionTimeoutMs,
    env: { ...process.env, ...packageManagerEnv },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return status === 0 ? stdout.trim() : undefined;
}

const networkErrors =
  /ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ERR_PNPM_META_FETCH_FAIL|ERR_SOCKET_TIMEOUT|UNABLE_TO_GET_ISSUER_CERT|SELF_SIGNED_CERT/;

/** What to do about a failed installation, when its output shows that the registry was out of reach. */
export function explainInstallFailure(output) {
  const found = networkErrors.exec(output)?.[0];
  if (found === undefined) return undefined;
  return `the package registry cannot be reached (${found}): check the network, or choose a mirror by npm config set registry <address>`;
}
