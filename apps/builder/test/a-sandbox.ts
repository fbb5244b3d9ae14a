import { mkdir, mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { removeTree } from '../src/sandbox/remove-tree.js';
import { createSandbox, type Sandbox } from '../src/sandbox/sandbox.js';
import type { SandboxKind, SandboxLimits, SandboxResult, SandboxRun } from '../src/sandbox/sandbox-run.js';

export const mebi = 1_048_576;
export const someLimits: SandboxLimits = {
  wallMs: 60_000,
  cpuSeconds: 20,
  fileMaxBytes: 8 * mebi,
  processesMax: 64,
  openFilesMax: 256,
  outputMaxBytes: 64 * 1024,
};
const testTimeoutMs = 120_000;

export interface Inside extends SandboxResult {
  readonly output: string;
  /** The one that it could write to. */
  readonly folder: string;
}

export interface InsideOptions extends Partial<SandboxRun> {
  readonly bounds?: Partial<SandboxLimits>;
}

/** A folder for the sandboxes of one test file, and for what is run in them. */
export class SandboxHome {
  private opened = '';
  private runs = 0;

  /** To be called where tests are described: it opens with the first of them and goes after the last. */
  constructor() {
    beforeAll(async () => {
      this.opened = await mkdtemp(path.join(tmpdir(), 'torii-sandbox-'));
    });
    afterAll(() => removeTree(this.opened));
  }

  get folder(): string {
    return this.opened;
  }

  scratchOf(mode: SandboxKind): string {
    return path.join(this.folder, `scratch-${mode}`);
  }

  sandboxOf(mode: SandboxKind): Sandbox {
    const toolchains = path.resolve(import.meta.dirname, '../../../.torii/toolchains');
    return createSandbox({ mode, searchPath: process.env.PATH ?? '', toolchains, scratch: this.scratchOf(mode) });
  }

  /** Runs a shell script in a folder of its own. */
  async inside(sandbox: Sandbox, script: string, { bounds, ...options }: InsideOptions = {}): Promise<Inside> {
    this.runs += 1;
    const folder = path.join(this.folder, `run-${this.runs}`);
    await mkdir(folder, { mode: 0o700 });
    const chunks: Buffer[] = [];
    const result = await sandbox.run({
      command: 'sh',
      args: ['-c', script],
      cwd: folder,
      env: { PATH: '/usr/bin:/bin' },
      readOnly: [],
      readWrite: [folder],
      limits: { ...someLimits, ...bounds },
      signal: new AbortController().signal,
      onOutput: (_stream, chunk) => chunks.push(chunk),
      ...options,
    });
    return { ...result, output: Buffer.concat(chunks).toString('utf8'), folder };
  }
}

export interface ConfinedProgram {
  inside(script: string, options?: InsideOptions): Promise<Inside>;
  /** As `it`. Where a machine cannot have this kind of sandbox, that nothing is run by it is what is to be shown. */
  promises(what: string, prove: () => Promise<void>): void;
}

/** Tests of programs in one kind of sandbox; to be called where they are described. */
export function confinedProgram(home: SandboxHome, kind: Exclude<SandboxKind, 'none'>): ConfinedProgram {
  let sandbox: Sandbox;
  let isThere: boolean;
  beforeAll(async () => {
    sandbox = home.sandboxOf(kind);
    isThere = (await sandbox.detect()).reason === undefined;
  });
  return {
    inside: (script, options) => home.inside(sandbox, script, options),
    promises(what, prove) {
      const proof = async (): Promise<void> => {
        if (isThere) return prove();
        await expect(home.inside(sandbox, 'true')).rejects.toMatchObject({ code: 'build.sandbox_unavailable' });
      };
      it(what, proof, testTimeoutMs);
    },
  };
}

/** Processes of the whole machine with that word among their arguments. */
export async function processesWith(word: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (words.split('\0').includes(word)) found.push(pid);
  }
  return found;
}

/** What runs in these processes now; empty for one that is gone. */
export function programsOf(pids: readonly string[]): Promise<string[]> {
  return Promise.all(pids.map(async (pid) => (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim()));
}

/** Whether it has not ended; also in the moment in which it becomes another program and has no arguments. */
export async function isRunning(pid: string): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return /^State:\s+[^ZX]/m.test(status);
}
