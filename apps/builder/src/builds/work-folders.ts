import { mkdir, mkdtemp, readdir, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import type { BuilderId } from '@torii/contracts';
import type { Logger } from '@torii/service-kit';
import { removeTree } from '../sandbox/remove-tree.js';

/** A builder that has not touched its folder for so long is gone: its builds have been begun elsewhere. */
const staleMs = 120_000;

/**
 * Private folders for builds: one of this builder, in it one for each build under way. Builders may share the folder that
 * holds them; what dead ones left behind is removed by those that live.
 */
export class WorkFolders {
  private readonly own: string;

  constructor(
    private readonly root: string,
    id: BuilderId,
    private readonly log: Logger,
  ) {
    this.own = path.join(root, id);
  }

  async open(): Promise<void> {
    await mkdir(this.own, { recursive: true, mode: 0o700 });
    await this.sweep();
  }

  /** An empty folder, mode 0700, of this attempt at the build alone: one that was lost may still be writing to its own. */
  async make(buildId: string): Promise<string> {
    await mkdir(this.own, { recursive: true, mode: 0o700 });
    return mkdtemp(path.join(this.own, `${buildId}.`));
  }

  /** Never throws: what could not be removed goes with the builder's own folder. */
  async remove(folder: string): Promise<void> {
    await removeTree(folder).catch((error: unknown) => this.log.warn({ err: error, folder }, 'work folder not removed'));
  }

  /** Says that this builder lives, and removes the folders of those that do not. Never throws. */
  async sweep(): Promise<void> {
    try {
      const now = new Date();
      await mkdir(this.own, { recursive: true, mode: 0o700 }); // a builder that stood still for long was taken for dead
      await utimes(this.own, now, now);
      for (const name of await readdir(this.root)) await this.removeIfStale(path.join(this.root, name), now.getTime());
    } catch (error) {
      this.log.warn({ err: error }, 'work folders not looked after');
    }
  }

  async close(): Promise<void> {
    await removeTree(this.own).catch(() => undefined);
  }

  private async removeIfStale(folder: string, nowMs: number): Promise<void> {
    const entry = await stat(folder).catch(() => undefined);
    if (folder === this.own || entry === undefined || nowMs - entry.mtimeMs < staleMs) return;
    await removeTree(folder);
    this.log.info({ folder }, 'work folder of a dead builder removed');
  }
}
