import { setTimeout as sleep } from 'node:timers/promises';
import { BuildError, type LanguageStatus } from '@torii/contracts';
import { compileWat } from '@torii/test-kit';
import type { CompileContext, CompileRequest, CompileResult, Compiler } from '../src/compilers/compiler.js';

/** WAT, whose first line may ask for trouble: `;; <what> <argument>`. */
export class ACompiler implements Compiler {
  readonly language = 'wat';
  isThere = true;
  /** Functions whose compiling began, in order. */
  readonly compiled: string[] = [];
  readonly folders: string[] = [];

  detect(): Promise<LanguageStatus> {
    return Promise.resolve(
      this.isThere
        ? { name: 'wat', available: true, toolchain: { test: '1' } }
        : { name: 'wat', available: false, reason: 'It was taken away: bring it back.' },
    );
  }

  async compile(request: CompileRequest, context: CompileContext): Promise<CompileResult> {
    context.stage('compiling');
    this.compiled.push(request.name);
    const source = Buffer.from(request.files.get(request.entry) ?? []).toString('utf8');
    const [, what = '', argument = ''] = /^;; (\S+) ?(.*)$/m.exec(source) ?? [];
    await this.misbehave(what, Number(argument), context);
    const isMakeshift = what === 'makeshift';
    return {
      wasm: await compileWat(source),
      isMakeshift,
      warnings: [{ severity: 'warning', message: 'a warning', file: request.entry, line: 1, column: 1 }],
    };
  }

  private async misbehave(what: string, amount: number, context: CompileContext): Promise<void> {
    switch (what) {
      case 'wait':
        return sleep(amount, undefined, { signal: context.signal });
      case 'hang':
        return new Promise(() => undefined);
      case 'hold':
        this.folders.push(await context.folder());
        return sleep(amount, undefined, { signal: context.signal });
      case 'flood': {
        const text = `${'x'.repeat(99)}\n`.repeat(1_000);
        for (let i = 0; i < amount; i++) context.log('stdout', text);
        return undefined;
      }
      case 'folder':
        this.folders.push(await context.folder());
        return undefined;
      case 'refuse':
        throw new BuildError('build.compile_failed', 'It does not compile: change line 3.', {
          diagnostics: [{ severity: 'error', message: 'no', file: 'main.wat', line: 3, column: 7 }],
        });
      case 'rant':
        throw new BuildError('build.compile_failed', 'x'.repeat(9_000), {
          diagnostics: Array.from({ length: 200 }, () => ({
            severity: 'error',
            message: `\0${'x'.repeat(9_000)}`,
            file: 'f'.repeat(600),
            line: 0,
            column: 1.5,
          })),
        });
      case 'fault':
        throw new Error('the disk is full');
      default:
        return undefined;
    }
  }
}
