import { BuildError, type Diagnostic } from '@torii/contracts';
import type { Bundle } from './bundle/bundle.js';
import { emitModule } from './emit/emit-module.js';
import { usedImports } from './emit/used-imports.js';
import { type Box, Engine, ThrownInEngine } from './engine/engine.js';
import { engineFiles } from './engine/template.js';
import { TopLevelTime, type TopLevelTimes } from './top-level-time.js';

export interface SnapshotLimits extends TopLevelTimes {
  /** What JavaScript may allocate while its top level runs. */
  readonly memoryMaxBytes: number;
}

export interface Snapshot {
  readonly wasm: Uint8Array;
  readonly exports: readonly string[];
  /** What the top level has written to `console`. */
  readonly log: string;
}

const logMaxBytes = 65_536;
const messageMax = 4_000;
/** Names that mean something else to whoever runs the module. */
const reservedExports = new Set(['memory', '_start', '_initialize', '__wasm_call_ctors', 'hs_init']);

/**
 * Runs the top level of a bundle, inside of WebAssembly, and makes a module of what it has left in memory. Throws
 * `BuildError` with the place in the sources when it throws, never ends, or takes too much memory.
 */
export function takeSnapshot(bundle: Bundle, limits: SnapshotLimits): Snapshot {
  return new SnapshotRun(bundle, limits).take();
}

/** Bytecode of the prelude; made once per thread. */
let preludeBytecode: Uint8Array | undefined;

class SnapshotRun {
  private readonly engine: Engine;
  /** Nothing of the source runs before that. */
  private readonly topLevel: TopLevelTime;
  private readonly unhandled = new Map<number, Box>();
  private log = '';
  /** The prelude's `compilerCalls`. */
  private calls: Box = 0;

  constructor(
    private readonly bundle: Bundle,
    private readonly limits: SnapshotLimits,
  ) {
    this.topLevel = new TopLevelTime(limits);
    this.engine = this.newEngine();
  }

  take(): Snapshot {
    const { engine, bundle } = this;
    const { manifest } = engineFiles();
    this.runPrelude();
    this.callPrelude('setSourceMap', engine.newString(JSON.stringify(bundle.sourceMap)));
    const exports = this.guard(() => this.load());
    this.refuseUnhandled();
    const used = usedImports(bundle.code, manifest.hostFunctions);
    const hostFunctions = Object.fromEntries(used.hostFunctions.map((name) => [name, manifest.hostFunctions.indexOf(name)]));
    // It may use what the source has replaced.
    this.guard(() => this.callPrelude('beginRunning', engine.newString(JSON.stringify({ features: used.features, hostFunctions }))));
    engine.global('torii_dispatch').value = engine.property(this.calls, 'dispatch');
    engine.global('torii_turn').value = engine.property(this.calls, 'turn');
    engine.settle();
    return { wasm: emitModule(engine, { exports, imports: used.has }), exports, log: this.log };
  }

  /** Compiled elsewhere, so that nothing of the source text and of the work on it stays in the module's memory. */
  private load(): string[] {
    const { engine, bundle } = this;
    const compiler = this.newEngine();
    const bytecode = this.guardCompile(compiler, () => compiler.compile(bundle.code, 'torii:bundle'));
    this.topLevel.begin();
    const answer = this.callPrelude('load', engine.run(bytecode));
    const names = exportNames(engine.textOf(answer));
    engine.free(answer);
    engine.runJobs();
    return names;
  }

  private newEngine(): Engine {
    return new Engine(
      {
        interrupt: () => this.topLevel.look() !== undefined,
        rejection: (promise, reason, isHandled) => this.noteRejection(promise, reason, isHandled),
        log: (_level, text) => {
          if (this.log.length < logMaxBytes) this.log += `${this.engine.textOf(text).slice(0, logMaxBytes)}\n`;
        },
      },
      this.limits.memoryMaxBytes,
    );
  }

  private runPrelude(): void {
    const { engine } = this;
    const { manifest, prelude } = engineFiles();
    preludeBytecode ??= this.newEngine().compile(prelude, 'torii:prelude');
    const operations = manifest.operations.map((name, index): [string, Box] => [name, engine.newOperation(manifest.firstOperation + index)]);
    engine.setGlobal('__torii_native', engine.newObject(Object.fromEntries(operations)));
    this.calls = engine.run(preludeBytecode);
  }

  private callPrelude(name: string, argument: Box): Box {
    const callee = this.engine.property(this.calls, name);
    const answer = this.engine.apply(callee, argument);
    this.engine.free(callee);
    this.engine.free(argument);
    return answer;
  }

  private noteRejection(promise: Box, reason: Box, isHandled: boolean): void {
    const identity = this.engine.identityOf(promise);
    if (isHandled) this.unhandled.delete(identity);
    else this.unhandled.set(identity, reason);
  }

  private refuseUnhandled(): void {
    for (const reason of this.unhandled.values())
      throw this.failure(this.describe(reason), 'A promise of the top level was rejected, and nothing handles that');
  }

  private guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof ThrownInEngine) throw this.failure(this.describe(error.thrown), 'The top level of the source failed');
      // By name: the host's, for a stack that JavaScript could not watch, may come from another realm.
      if ((error as Partial<Error>).name === 'RangeError')
        throw new BuildError('build.compile_failed', 'The source is nested too deeply.', { cause: error });
      throw error;
    }
  }

  /** The other engine has no prelude that could describe anything. */
  private guardCompile<T>(compiler: Engine, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof ThrownInEngine)) throw error;
      const stack = compiler.textOf(compiler.property(error.thrown, 'stack'));
      const described = this.callPrelude('mapPositions', this.engine.newString(`${error.message}\n${stack}`));
      throw this.failure(this.engine.textOf(described), 'The engine does not take the source');
    }
  }

  private describe(thrown: Box): string {
    try {
      return this.engine.textOf(this.callPrelude('describeError', thrown));
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  private failure(description: string, what: string): BuildError {
    const [message = ''] = description.split('\n');
    const late = this.topLevel.over;
    if (late !== undefined) return this.lateFailure(description, late);
    const diagnostics = [{ ...placeIn(description), severity: 'error' as const, message: description.slice(0, messageMax) }];
    if (message.includes('out of memory')) {
      const detail = `The top level of the source needs more than ${this.limits.memoryMaxBytes} bytes of memory.`;
      return new BuildError('build.memory_exceeded', `${detail}${placeText(diagnostics[0])}`, { diagnostics });
    }
    return new BuildError('build.compile_failed', `${what}: ${message}${placeText(diagnostics[0])}`, { diagnostics });
  }

  /** The engine knows the line of the last call, which may lie far from the loop. */
  private lateFailure(description: string, late: keyof TopLevelTimes): BuildError {
    const { file } = placeIn(description);
    const message = lateMessage(late, this.limits);
    return new BuildError('build.deadline_exceeded', message, {
      diagnostics: [{ severity: 'error', message, ...(file === undefined ? {} : { file }) }],
    });
  }
}

function lateMessage(late: keyof TopLevelTimes, limits: TopLevelTimes): string {
  return late === 'topLevelCpuMs'
    ? `The top level of the source computed for more than ${limits.topLevelCpuMs} ms: it runs once, while the function is built, and has to end.`
    : `The top level of the source did not end within ${limits.topLevelWallMs} ms, for the builder's machine has too much to do: build it again later.`;
}

/** The first place in the sources that an error tells of. */
function placeIn(description: string): Pick<Diagnostic, 'file' | 'line' | 'column'> {
  const [, file, line, column] = /\n\s*at (?:.*\()?([^()\n]+):(\d+):(\d+)\)?/.exec(description) ?? [];
  return file === undefined ? {} : { file, line: Number(line), column: Number(column) };
}

function placeText(diagnostic: Diagnostic | undefined): string {
  return diagnostic?.file === undefined ? '' : ` (${diagnostic.file}:${diagnostic.line}:${diagnostic.column})`;
}

/** What the prelude has answered, which a source that replaces what the language gives it can change. */
function exportNames(json: string): string[] {
  const names = parsed(json);
  const isList = Array.isArray(names) && names.every((name) => typeof name === 'string') && new Set(names).size === names.length;
  if (!isList) {
    const detail =
      'What the source exports cannot be told, because it has replaced what the language itself is made of, such as Object.entries: leave that as it is.';
    throw new BuildError('build.compile_failed', detail);
  }
  for (const name of names) if (reservedExports.has(name)) throw reservedName(name);
  return names;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function reservedName(name: string): BuildError {
  return new BuildError('build.compile_failed', `A function cannot be exported as "${name}", which has a meaning of its own: give it another name.`);
}
