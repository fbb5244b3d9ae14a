import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Remembers what each step was last done for, so that a step whose inputs are the same can be left out. */
export class Stamps {
  constructor(file) {
    this.file = file;
  }

  isFresh(step, fingerprint) {
    return this.read()[step] === fingerprint;
  }

  set(step, fingerprint) {
    mkdirSync(path.dirname(this.file), { recursive: true });
    writeFileSync(this.file, JSON.stringify({ ...this.read(), [step]: fingerprint }));
  }

  read() {
    try {
      return JSON.parse(readFileSync(this.file, 'utf8'));
    } catch {
      // Missing or cut short: then everything is done again.
      return {};
    }
  }
}

/** A hash over names and contents of files under `root`; a missing file counts too. */
export function fingerprint(root, files) {
  const hash = createHash('sha256');
  for (const file of [...files].sort()) {
    const full = path.join(root, file);
    hash.update(`${file}\0`);
    if (existsSync(full)) hash.update(readFileSync(full));
    hash.update('\0');
  }
  return hash.digest('hex');
}

/** The package.json of the root and of every workspace package. */
export function packageFiles(root) {
  const inFolders = ['apps', 'packages'].flatMap((folder) =>
    readdirSync(path.join(root, folder)).map((name) => path.join(folder, name, 'package.json')),
  );
  return ['package.json', path.join('e2e', 'package.json'), ...inFolders].filter((file) => existsSync(path.join(root, file)));
}
