import { AbortController, AbortSignal } from './abort.js';
import { dispatch, setFunctions, turn } from './calls.js';
import { console } from './console.js';
import { crypto } from './crypto.js';
import { defineGlobals } from './define.js';
import { describeError } from './describe-error.js';
import { fetch, Request, Response } from './fetch.js';
import { Headers } from './headers.js';
import { addHostFunctions, Config, Host, Var } from './host.js';
import { Http } from './http.js';
import { boundJson } from './json.js';
import { Memory } from './memory.js';
import { native } from './native.js';
import { beginRunning } from './phase.js';
import { mapPositions, setSourceMap } from './source-positions.js';
import { structuredClone } from './structured-clone.js';
import { TextDecoder, TextEncoder } from './text-codec.js';
import { clearTimer, setInterval, setTimeout } from './timers.js';
import { URL } from './url/url.js';
import { URLSearchParams } from './url/url-search-params.js';

// Runs first in each module, while it is built. What it makes stays in the module's heap.

defineGlobals({ Host, Memory, Config, Var, Http, console, fetch, Headers, Request, Response, AbortController, AbortSignal });
defineGlobals({ URL, URLSearchParams, TextEncoder, TextDecoder, structuredClone, crypto });
defineGlobals({ setTimeout, setInterval, clearTimeout: clearTimer, clearInterval: clearTimer, self: globalThis });
defineGlobals({
  performance: {
    now: () => native.clock(1),
    get timeOrigin() {
      return native.clock(0) - native.clock(1);
    },
  },
});
Object.defineProperty(Math, 'random', { value: () => native.random(), writable: true, configurable: true });
boundJson();

/** Kept from before the function's own code could change it. */
const { stringify } = JSON;

/** What the compiler calls, by name. All of them take and answer text, so that it need not know the engine's values. */
export const compilerCalls = {
  /** Evaluates the bundle, a function of CommonJS; answers the names of what it exports, as a JSON array. */
  load(bundle: (exports: unknown, module: { exports: unknown }) => void): string {
    const module = { exports: {} as unknown };
    bundle(module.exports, module);
    const { names, functions } = exportedBy(module.exports);
    setFunctions(functions);
    return stringify(names);
  },

  /** Takes a JSON object with the bundle's source map. */
  setSourceMap(text: string): void {
    setSourceMap(JSON.parse(text));
  },

  describeError,
  mapPositions,

  /** Ends the build; takes a JSON object with what the module imports. */
  beginRunning(text: string): void {
    const { features, hostFunctions } = JSON.parse(text) as { features: string[]; hostFunctions: Record<string, number> };
    addHostFunctions(hostFunctions);
    beginRunning(features);
  },

  dispatch,
  turn,
};

type Exported = () => unknown;

/** Every function of the exports, or of a default export that is an object; one that is a function goes by its own name. */
function exportedBy(exported: unknown): { readonly names: readonly string[]; readonly functions: readonly Exported[] } {
  if (typeof exported === 'function' && !isClass(exported)) return { names: [exported.name || 'execute'], functions: [exported as Exported] };
  const found = functionsOf(exported);
  const inDefault = found.size === 0 ? functionsOf((exported as { readonly default?: unknown } | undefined)?.default) : found;
  return { names: [...inDefault.keys()], functions: [...inDefault.values()] };
}

function functionsOf(exported: unknown): Map<string, Exported> {
  const found = new Map<string, Exported>();
  if (typeof exported !== 'object' || exported === null) return found;
  for (const [name, value] of Object.entries(exported)) {
    if (typeof value === 'function' && !isClass(value)) found.set(name, () => value.call(exported));
  }
  return found;
}

/** What cannot be called without `new`: the prototype of a class is not writable. */
function isClass(value: object): boolean {
  return Object.getOwnPropertyDescriptor(value, 'prototype')?.writable === false;
}
