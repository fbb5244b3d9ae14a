import { describeModule } from '../src/describe-module.js';
import { rewriteModule } from '../src/rewrite-module.js';
import { rewrittenExports } from '../src/rewritten-names.js';
import { compileWat } from './wat.js';

interface Instance {
  readonly exports: Record<string, never>;
}
declare const WebAssembly: {
  Module: { new (bytes: Uint8Array): object };
  Instance: new (module: object, imports?: object) => Instance;
};

export type Exports = Record<string, (...args: unknown[]) => unknown>;

export function rewrite(wat: string, memoryMaxPages = 100): Uint8Array {
  return rewriteModule(compileWat(wat), { memoryMaxPages });
}

/** Instantiates a module with imports that do nothing. */
export function instantiate(bytes: Uint8Array, given: Record<string, Record<string, unknown>> = {}): Exports {
  const imports: Record<string, Record<string, unknown>> = { ...given };
  for (const { module, name, kind, results } of describeModule(bytes).imports) {
    if (kind !== 'function') continue;
    const namespace = imports[module] ?? {};
    imports[module] = namespace;
    namespace[name] ??= () => (results?.[0] === 'i64' ? 0n : 0);
  }
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), imports).exports as never;
}

export function numberGlobal(exports: Exports, name: string): { value: number } {
  return exports[name] as unknown as { value: number };
}

/**
 * A rewritten guest whose yield hook counts and refills `fuel`, until it has been called `checksMax` times: then it traps,
 * which no guest can catch.
 */
export function withHook(bytes: Uint8Array, fuel: number, checksMax = Number.POSITIVE_INFINITY): { exports: Exports; checks: () => number } {
  const exports = instantiate(bytes);
  const fuelGlobal = numberGlobal(exports, rewrittenExports.fuel);
  let count = 0;
  const check = (): number => {
    count += 1;
    fuelGlobal.value = fuel;
    return count >= checksMax ? 1 : 0;
  };
  const hook = new WebAssembly.Instance(new WebAssembly.Module(gate), { h: { check } }).exports.check;
  (exports[rewrittenExports.yieldTable] as unknown as { set(index: number, value: unknown): void }).set(0, hook);
  return { exports, checks: () => count };
}

/** What one call of `run` costs, in fuel. */
export function fuelOf(bytes: Uint8Array, ...args: unknown[]): number {
  const full = 2_000_000_000;
  const { exports } = withHook(bytes, full);
  const fuel = numberGlobal(exports, rewrittenExports.fuel);
  fuel.value = full;
  exports.run?.(...args);
  return full - fuel.value;
}

const gate = compileWat('(module (import "h" "check" (func $check (result i32))) (func (export "check") (if (call $check) (then (unreachable)))))');
