import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** A folder that no other builder of this machine uses, until it is released or this process ends, however it ends. */
export interface ClaimedFolder {
  readonly path: string;
  release(): void;
}

const claimFile = 'in-use';
const stateSetting = 'TORII_BUILDER_STATE';
/** What SQLite says of a database that somebody else has locked, https://sqlite.org/rescode.html#busy. */
const sqliteBusy = 5;
/** Builders that share a home without a folder named for each. */
const numberedMax = 64;

/** Makes the folder unless it is there. Throws, with what to do, when another builder has it. */
export function claimFolder(folder: string): ClaimedFolder {
  const claimed = tryToClaim(folder);
  if (claimed === undefined) throw new Error(`${folder} is in use by another builder: set ${stateSetting} to a folder of its own`);
  return claimed;
}

/** That folder, or while others have it the first free one of `<folder>-2`, `<folder>-3` and so on, whose caches a builder left that is gone. */
export function claimFreeFolder(folder: string): ClaimedFolder {
  for (let number = 1; number <= numberedMax; number += 1) {
    const claimed = tryToClaim(number === 1 ? folder : `${folder}-${number}`);
    if (claimed !== undefined) return claimed;
  }
  throw new Error(`${folder} and ${numberedMax - 1} others beside it are in use by builders: set ${stateSetting} to a folder of its own`);
}

/**
 * Makes the folder unless it is there; undefined when somebody else has it, in this process too. Throws, with the setting that
 * names another folder, when this one cannot be made or locked.
 *
 * By the lock of an empty database: Node has no other lock that the system takes back from a process that was killed, and
 * that containers with one volume see of each other.
 */
export function tryToClaim(folder: string, setting: string = stateSetting): ClaimedFolder | undefined {
  let lock: DatabaseSync | undefined;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    lock = new DatabaseSync(path.join(folder, claimFile), { timeout: 0 });
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock?.close();
    if ((error as { readonly errcode?: unknown }).errcode === sqliteBusy) return undefined;
    throw new Error(`${folder} cannot be locked: set ${setting} to a folder on a disk of this machine`, { cause: error });
  }
  return claimOf(folder, lock);
}

function claimOf(folder: string, lock: DatabaseSync): ClaimedFolder {
  return {
    path: folder,
    release: () => {
      if (lock.isOpen) lock.close();
    },
  };
}
