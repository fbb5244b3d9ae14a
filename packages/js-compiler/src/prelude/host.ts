import { spanOf } from './bytes.js';
import { MemoryHandle, storeBytes, storeText, takeText } from './memory.js';
import { native } from './native.js';
import { expectCall, expectFeature } from './phase.js';

type HostFunction = (...values: unknown[]) => number | bigint;

/** Whether the call in progress has said what its output is. */
export const output = { isSet: false };

const imported: Record<string, HostFunction> = Object.create(null);
/** Asked for by the language itself of any object; no host function will ever be called so. */
const neverFunctions = new Set(['then', 'toJSON', 'toString', 'valueOf', 'constructor', 'inspect', '__proto__', 'prototype']);

/** Every name has a function: one that is not there says so when it is called. */
const functions = new Proxy(imported, {
  get: (known, name) => (typeof name === 'symbol' || neverFunctions.has(name) ? undefined : (known[name] ?? missing(name))),
  set: () => false,
  defineProperty: () => false,
  deleteProperty: () => false,
});

/** Kept from before the function's own code could change them. */
const { apply } = Reflect;
const { toWellFormed } = String.prototype;

/** Lone surrogates become U+FFFD: the engine would write them as bytes that are no UTF-8. */
export function outputText(text: string): void {
  native.outputString(apply(toWellFormed, text, []));
}

/** `Host` of Extism's js-pdk. */
export const Host = {
  inputString(): string {
    expectCall('Host.inputString');
    return native.inputString();
  },

  inputBytes(): ArrayBuffer {
    expectCall('Host.inputBytes');
    return native.inputBytes();
  },

  outputString(text: unknown): void {
    expectCall('Host.outputString');
    outputText(String(text));
    output.isSet = true;
  },

  outputBytes(bytes: unknown): void {
    expectCall('Host.outputBytes');
    const { buffer, offset, length } = spanOf(bytes, 'Host.outputBytes');
    native.outputBytes(buffer, offset, length);
    output.isSet = true;
  },

  /** The host functions that the module imports, by name. */
  getFunctions(): Readonly<Record<string, HostFunction>> {
    return functions;
  },
};

/** The plugin's configuration. */
export const Config = {
  get(key: unknown): string | null {
    expectFeature('config', 'Config.get');
    return takeText(native.configGet(keyBlock(key))) ?? null;
  },
};

/** Values that stay as long as the instance does. */
export const Var = {
  getString(key: unknown): string | null {
    expectFeature('vars', 'Var.getString');
    return takeText(native.varGet(keyBlock(key))) ?? null;
  },

  getBytes(key: unknown): ArrayBuffer | null {
    expectFeature('vars', 'Var.getBytes');
    const block = native.varGet(keyBlock(key));
    return block === 0 ? null : native.loadBytes(block, native.length(block));
  },

  set(key: unknown, value: unknown): void {
    expectFeature('vars', 'Var.set');
    const stored = typeof value === 'string' ? storeText(value) : storeBytes(value, 'Var.set');
    native.varSet(keyBlock(key), stored.offset);
  },
};

/** Makes host functions callable, by their number in the engine's glue. */
export function addHostFunctions(indices: Readonly<Record<string, number>>): void {
  for (const [name, index] of Object.entries(indices)) {
    imported[name] = (first = 0, second = 0, third = 0) => {
      expectCall(name);
      return native.host(index, toInteger(first, name), toInteger(second, name), toInteger(third, name));
    };
  }
}

function missing(name: string): HostFunction {
  return () => {
    throw new Error(`there is no host function ${name}, or its name is not written out in the source`);
  };
}

function keyBlock(key: unknown): number {
  return storeText(String(key)).offset;
}

/** Pointers, sizes and levels: whatever of JavaScript's can stand for a whole number. A block stands for its pointer. */
function toInteger(value: unknown, name: string): number {
  const number = value instanceof MemoryHandle ? value.offset : Number(value as number | bigint | boolean);
  if (!Number.isSafeInteger(number)) throw new TypeError(`${name} takes pointers, sizes and whole numbers`);
  return number;
}
