/**
 * The parts of the WebAssembly JavaScript API that Node has and TypeScript declares only for browsers, with JSPI
 * (https://webassembly.github.io/js-promise-integration/js-api/). Types only.
 */
declare global {
  namespace WebAssembly {
    class Module {
      // Keeps anything else from passing for a module.
      private readonly compiled: never;
      constructor(bytes: Uint8Array);
      static customSections(module: Module, name: string): ArrayBuffer[];
    }
    class Instance {
      readonly exports: Record<string, unknown>;
      constructor(module: Module, imports?: Record<string, Record<string, unknown>>);
    }
    class Memory {
      constructor(size: { readonly initial: number; readonly maximum?: number });
      readonly buffer: ArrayBuffer;
      private readonly kind: 'memory';
    }
    class Global {
      value: unknown;
      private readonly kind: 'global';
    }
    class Table {
      readonly length: number;
      set(index: number, value: unknown): void;
      private readonly kind: 'table';
    }
    /** An import that may answer a promise; the guest is then suspended until it settles. */
    class Suspending {
      constructor(host: (...args: never[]) => unknown);
    }
    /** An export called so that what it calls may suspend. */
    function promising(exported: unknown): (...args: unknown[]) => Promise<unknown>;
    function compile(bytes: Uint8Array): Promise<Module>;
    function validate(bytes: Uint8Array): boolean;
  }
}

export type WasmModule = WebAssembly.Module;
