import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../checkout.mjs';
import { releaseLock, takeLock } from '../lock-file.mjs';

const descriptionFile = 'toolchain.json';
const scratchPrefix = '.scratch-';

/** `toolchains` within TORII_HOME: one folder for each, with a `toolchain.json` that says its version and where its programs are. */
export class ToolchainFolder {
  #root;

  constructor(home) {
    this.#root = path.join(home, 'toolchains');
  }

  pathOf(name) {
    return path.join(this.#root, name);
  }

  /** @returns {{ name: string, version: string, bin: string } | undefined} `bin` is the folder of its programs, relative to the toolchain's own */
  read(name) {
    try {
      return JSON.parse(readFileSync(path.join(this.pathOf(name), descriptionFile), 'utf8'));
    } catch {
      return undefined;
    }
  }

  remove(name) {
    const wasThere = existsSync(this.pathOf(name));
    rmSync(this.pathOf(name), { recursive: true, force: true });
    return wasThere;
  }

  /**
   * Puts a toolchain in its place all at once: whoever looks sees the old one, or none, until the new one is complete.
   * `downloads` keeps what was fetched from one try to the next, until one succeeds.
   *
   * @param {string} name
   * @param {(to: { folder: string, downloads: string }) => Promise<{ version: string, bin: string }>} install
   * @throws {UserError} when another process does the same
   */
  async fill(name, install) {
    const lock = path.join(this.#root, '.lock');
    const owner = takeLock(lock, 'toolchains.mjs');
    if (owner !== undefined) throw new UserError(`process ${owner} is adding a toolchain here: wait for it, or end it`);
    this.#removeScratch();
    const scratch = mkdtempSync(path.join(this.#root, scratchPrefix));
    const downloads = path.join(this.#root, '.downloads', name);
    try {
      const folder = path.join(scratch, 'new');
      mkdirSync(folder);
      mkdirSync(downloads, { recursive: true });
      const description = { name, ...(await install({ folder, downloads })) };
      writeFileSync(path.join(folder, descriptionFile), `${JSON.stringify(description, null, 2)}\n`);
      if (existsSync(this.pathOf(name))) renameSync(this.pathOf(name), path.join(scratch, 'old'));
      renameSync(folder, this.pathOf(name));
      rmSync(downloads, { recursive: true, force: true });
      return description;
    } finally {
      rmSync(scratch, { recursive: true, force: true });
      releaseLock(lock);
    }
  }

  /** What a run that was killed has left behind. */
  #removeScratch() {
    for (const entry of readdirSync(this.#root)) {
      if (entry.startsWith(scratchPrefix)) rmSync(path.join(this.#root, entry), { recursive: true, force: true });
    }
  }
}
