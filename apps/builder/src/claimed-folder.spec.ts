import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ClaimedFolder, claimFolder, claimFreeFolder } from './claimed-folder.js';

describe('a folder that one builder has to itself', () => {
  let root: string;
  const claimed: ClaimedFolder[] = [];
  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'torii-claim-'));
  });
  afterEach(async () => {
    for (const folder of claimed.splice(0)) folder.release();
    await rm(root, { recursive: true, force: true });
  });
  const claim = (name: string): ClaimedFolder => {
    const folder = claimFolder(path.join(root, name));
    claimed.push(folder);
    return folder;
  };

  it('is made, refused to a second one with what to do, and free again when it is let go', () => {
    const first = claim('state');
    expect(() => claim('state')).toThrow(`${path.join(root, 'state')} is in use by another builder: set TORII_BUILDER_STATE to a folder of its own`);
    first.release();
    expect(claim('state').path).toBe(path.join(root, 'state'));
  });

  it('is another one for each when any will do', () => {
    const folders = Array.from({ length: 3 }, () => claimFreeFolder(path.join(root, 'builder')));
    claimed.push(...folders);
    expect(folders.map((folder) => path.basename(folder.path))).toEqual(['builder', 'builder-2', 'builder-3']);
    folders[1]?.release();
    claimed.push(claimFreeFolder(path.join(root, 'builder')));
    expect(path.basename(claimed.at(-1)?.path ?? '')).toBe('builder-2');
  });

  it('is free again when its builder was killed', async () => {
    claim('state').release();
    const script = `const { DatabaseSync } = require('node:sqlite');
      const db = new DatabaseSync(process.argv[1]); db.exec('BEGIN EXCLUSIVE'); console.log('held'); setInterval(() => db, 1000);`;
    const holder = spawn(process.execPath, ['-e', script, path.join(root, 'state', 'in-use')], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(holder, 'exit');
    try {
      await once(holder.stdout, 'data');
      expect(() => claim('state')).toThrow('in use');
    } finally {
      holder.kill('SIGKILL');
    }
    await ended;
    expect(claim('state').path).toBe(path.join(root, 'state'));
  });
});
