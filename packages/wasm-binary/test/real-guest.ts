import { createStubHost, type StubHost } from '@torii/test-kit';
import { rewrittenExports } from '../src/rewritten-names.js';
import { compileWat } from './wat.js';

declare const WebAssembly: {
  Module: {
    new (bytes: Uint8Array): CompiledModule;
    imports(module: CompiledModule): readonly { readonly module: string; readonly name: string }[];
  };
  Instance: new (module: CompiledModule, imports?: object) => { readonly exports: Readonly<Record<string, unknown>> };
};
declare class CompiledModule {
  private readonly compiled: never;
}

export interface RealGuestOptions {
  /** What a rewritten guest gets at each check, in units of fuel. */
  readonly fuelPerCheck?: number;
  /** The check at which a rewritten guest traps, which no guest can catch. */
  readonly killAtCheck?: number;
}

/** One instance of a module of the corpus, as it is or rewritten, on a host that is the same for all. */
export class RealGuest {
  readonly exports: Readonly<Record<string, unknown>>;
  readonly host: StubHost = createStubHost();
  /** How often the yield hook was called. */
  checks = 0;

  private readonly memory: { readonly buffer: ArrayBuffer };
  private readonly killAtCheck: number;

  /** Links and instantiates a module; nothing of the guest runs yet. */
  constructor(module: CompiledModule, { fuelPerCheck = 250_000, killAtCheck = Number.POSITIVE_INFINITY }: RealGuestOptions = {}) {
    const { exports } = new WebAssembly.Instance(module, this.host.imports(WebAssembly.Module.imports(module)));
    this.exports = exports;
    this.killAtCheck = killAtCheck;
    this.memory = (exports[rewrittenExports.memory] ?? exports.memory) as { readonly buffer: ArrayBuffer };
    this.host.attach(this.memory);
    const fuel = exports[rewrittenExports.fuel] as { value: number } | undefined;
    if (fuel === undefined) return;
    const check = (): number => {
      this.checks += 1;
      fuel.value = fuelPerCheck;
      return this.isKilled ? 1 : 0;
    };
    const hook = new WebAssembly.Instance(gate, { host: { check } }).exports.check;
    (exports[rewrittenExports.yieldTable] as { set(index: number, value: unknown): void }).set(0, hook);
  }

  get isKilled(): boolean {
    return this.checks >= this.killAtCheck;
  }

  /** What instantiating a reactor is followed by, and for a rewritten one also what instantiating would have run. */
  initialise(): void {
    for (const name of [rewrittenExports.startFunction, rewrittenExports.initialize, '_initialize']) {
      if (this.exports[name] !== undefined) this.call(name);
    }
  }

  call(name: string, ...args: readonly number[]): unknown {
    return (this.exports[name] as (...args: readonly number[]) => unknown)(...args);
  }

  /** All of its memory, which is as large as `memory.size` says. */
  bytes(): Buffer {
    return Buffer.from(this.memory.buffer);
  }
}

export function compileModule(bytes: Uint8Array): CompiledModule {
  return new WebAssembly.Module(bytes);
}

export type { CompiledModule };

/** Tables take only functions of wasm; and a host function that throws would leave something that a guest can catch. */
const gate = compileModule(
  compileWat('(module (import "host" "check" (func $check (result i32))) (func (export "check") (if (call $check) (then (unreachable)))))'),
);
