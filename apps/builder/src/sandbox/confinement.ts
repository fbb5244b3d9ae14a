import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { bubblewrapCommand } from './bubblewrap.js';
import { findPrograms } from './find-program.js';
import type { Mount } from './mounts.js';
import type { SandboxKind, SandboxRun } from './sandbox-run.js';
import { unshareCommand } from './unshare.js';

/** One way of confining a program. */
export interface Confinement {
  readonly kind: Exclude<SandboxKind, 'none'>;
  command(run: SandboxRun, mounts: readonly Mount[]): string[];
}

export interface ConfinementPlaces {
  readonly searchPath: string;
  readonly toolchains: string | undefined;
  /** A folder of the builder's own for the empty folder that sandboxes are mounted over. */
  readonly scratch: string;
}

const askTimeoutMs = 5_000;
const systemFolders = ['/usr/bin', '/bin', '/usr/local/bin'];
export const isRoot = process.getuid?.() === 0;

/** What could confine programs here, best first. Whether it does, only a try can tell. */
export async function findConfinements({ searchPath, toolchains, scratch }: ConfinementPlaces): Promise<Confinement[]> {
  const programs = await findPrograms('bwrap', { searchPath, toolchains, toolchain: 'bubblewrap', folders: systemFolders });
  const found: Confinement[] = [];
  for (const program of programs) {
    const help = await helpOf(program);
    if (help === undefined) continue;
    found.push({ kind: 'bubblewrap', command: (run, mounts) => bubblewrapCommand(run, mounts, { program, help, isRoot }) });
  }
  if (process.platform === 'linux') {
    const mountPoint = path.join(scratch, 'root');
    await mkdir(mountPoint, { recursive: true, mode: 0o700 });
    found.push({ kind: 'unshare', command: (run, mounts) => unshareCommand(run, mounts, { mountPoint, isRoot }) });
  }
  return found;
}

/** Undefined when it cannot even say what it does. */
async function helpOf(program: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program, ['--help'], { timeout: askTimeoutMs, env: {} });
    return stdout;
  } catch {
    return undefined;
  }
}
