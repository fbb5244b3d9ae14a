import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Merges and trims modules; not one of the project's dependencies, because it is over 100 MB and only this needs it. */
export const binaryenVersion = '132.0.0';
const folder = fileURLToPath(new URL('../../.tools/', import.meta.url));
const installed = path.join(folder, 'node_modules', 'binaryen');

/** The folder of the package, fetched with npm into `.tools` when it is not there; throws when it cannot be had. */
export function binaryenFolder() {
  const manifest = path.join(installed, 'package.json');
  if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === binaryenVersion) return installed;
  console.log(`fetching binaryen ${binaryenVersion} into .tools (100 MB)`);
  mkdirSync(folder, { recursive: true });
  const args = ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  const { status } = spawnSync('npm', [...args, `binaryen@${binaryenVersion}`], { stdio: 'inherit', timeout: 600_000 });
  if (status !== 0) throw new Error('npm could not fetch binaryen');
  return installed;
}

export async function loadBinaryen() {
  const { default: binaryen } = await import(pathToFileURL(path.join(binaryenFolder(), 'index.js')).href);
  return binaryen;
}
