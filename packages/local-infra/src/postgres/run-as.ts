import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** How to run PostgreSQL's programs, which refuse to run as root. */
export interface RunAs {
  /** Where the programs are for that user. */
  readonly native: string;
  /** Where the data is for that user. */
  readonly dataDir: string;
  /** Put before the command. */
  readonly prefix: readonly string[];
  readonly ids: { readonly uid?: number; readonly gid?: number };
}

export type RootMode = 'auto' | 'namespace' | 'nobody';

const nobody = 65534;
const namespace = ['unshare', '--user', '--map-user=1000', '--map-group=1000', '--'] as const;

/**
 * As an ordinary user: nothing special. As root: in a user namespace where our id looks like 1000, so that files stay
 * ours; where namespaces are forbidden, as in many containers, as the user nobody, who is given the data directory.
 */
export function chooseRunAs(native: string, dataDir: string, mode: RootMode): RunAs {
  if (process.getuid?.() !== 0) return { native, dataDir, prefix: [], ids: {} };
  if (mode !== 'nobody' && canUseNamespace()) return { native, dataDir, prefix: namespace, ids: {} };
  return runAsNobody(native, dataDir);
}

function canUseNamespace(): boolean {
  const [command, ...args] = namespace;
  return spawnSync(command, [...args, 'true'], { stdio: 'ignore' }).status === 0;
}

function runAsNobody(native: string, dataDir: string): RunAs {
  const ids = { uid: nobody, gid: nobody };
  fs.mkdirSync(dataDir, { recursive: true });
  // To be passed through by others, but not listed: the password beside the data stays unreadable.
  fs.chmodSync(path.dirname(dataDir), 0o711);
  if (canReach(path.join(native, 'bin', 'postgres'), ids) && canReach(path.dirname(dataDir), ids)) {
    giveTo(dataDir, ids);
    return { native, dataDir, prefix: [], ids };
  }
  // A checkout under root's home is closed to others; then programs and data live in the directory for temporary files.
  const copy = ownedFolder(path.join(os.tmpdir(), `torii-postgres-${createHash('sha256').update(dataDir).digest('hex').slice(0, 16)}`));
  const copiedNative = path.join(copy, 'native');
  if (!fs.existsSync(copiedNative)) fs.cpSync(native, copiedNative, { recursive: true, verbatimSymlinks: true });
  const copiedData = path.join(copy, 'data');
  fs.mkdirSync(copiedData, { recursive: true });
  giveTo(copiedData, ids);
  return { native: copiedNative, dataDir: copiedData, prefix: [], ids };
}

function canReach(file: string, ids: { uid: number; gid: number }): boolean {
  return spawnSync('test', ['-x', file], { ...ids, stdio: 'ignore' }).status === 0;
}

function giveTo(folder: string, { uid, gid }: { uid: number; gid: number }): void {
  fs.chownSync(folder, uid, gid);
  fs.chmodSync(folder, 0o700);
}

/** Its name can be guessed, so another user could have made it first and would own what runs from it. */
function ownedFolder(folder: string): string {
  fs.mkdirSync(folder, { recursive: true, mode: 0o755 });
  const stats = fs.lstatSync(folder);
  const writableByOthers = 0o022;
  if (!stats.isDirectory() || stats.uid !== process.getuid?.() || (stats.mode & writableByOthers) !== 0) {
    throw new Error(`${folder} belongs to someone else: remove it, or set DATABASE_URL`);
  }
  return folder;
}
