import { setTimeout as sleep } from 'node:timers/promises';
import type { LanguageName, LanguageStatus, Toolchain } from '@torii/contracts';
import type { Compiler } from '../compilers/compiler.js';

export interface AvailableLanguage {
  readonly compiler: Compiler;
  readonly toolchain: Toolchain;
}

/** What one compiler gets to look for what it needs. */
const detectTimeoutMs = 20_000;

/** Which languages this builder can build now. */
export class Languages {
  private statuses: readonly LanguageStatus[] = [];

  constructor(private readonly compilers: readonly Compiler[]) {}

  /** Asks every compiler. True when anything has changed since the last time. Never rejects. */
  async detect(): Promise<boolean> {
    const before = JSON.stringify(this.statuses);
    this.statuses = await Promise.all(this.compilers.map((compiler) => detected(compiler)));
    return JSON.stringify(this.statuses) !== before;
  }

  /** Of every language there is a compiler for. */
  get all(): readonly LanguageStatus[] {
    return this.statuses;
  }

  get available(): readonly LanguageName[] {
    return this.statuses.filter(({ available }) => available).map(({ name }) => name);
  }

  /** Undefined for a language that cannot be built now. */
  find(name: LanguageName): AvailableLanguage | undefined {
    const compiler = this.compilers.find(({ language }) => language === name);
    const status = this.statuses.find((known) => known.name === name);
    return compiler === undefined || status?.available !== true ? undefined : { compiler, toolchain: status.toolchain };
  }
}

async function detected(compiler: Compiler): Promise<LanguageStatus> {
  const name = compiler.language;
  const late = new AbortController();
  try {
    return await Promise.race([
      compiler.detect(),
      sleep(detectTimeoutMs, undefined, { signal: late.signal }).then(
        (): LanguageStatus => ({
          name,
          available: false,
          reason: `Looking for its tools took longer than ${detectTimeoutMs} ms: see whether the machine is overloaded.`,
        }),
      ),
    ]);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return { name, available: false, reason: `Looking for its tools failed: ${said}` };
  } finally {
    late.abort();
  }
}
