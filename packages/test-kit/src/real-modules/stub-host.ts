import { viewOf } from './guest-view.js';
import { type StubKernel, stubKernel } from './stub-kernel.js';
import { type HostFunction, stubWasi } from './stub-wasi.js';

/** What one can read of a module, such as `WebAssembly.Module.imports` tells. */
interface ImportName {
  readonly module: string;
  readonly name: string;
}

export interface StubHost {
  readonly kernel: StubKernel;
  /** An implementation for every import: WASI and the kernel wherever they are imported from, and otherwise one that answers 0. */
  imports(names: readonly ImportName[]): Record<string, Record<string, HostFunction>>;
  /** To be called with the guest's memory before anything of the guest runs. */
  attach(memory: { readonly buffer: ArrayBuffer }): void;
  /** What was written to the standard streams so far. */
  written(): string;
}

const httpBody = JSON.stringify({ type: 'FeatureCollection', features: [{ properties: { label: '8 Boulevard du Port', score: 0.49 } }] });

/** A host for one instance that answers every instance alike, so that two modules can be compared by what they do with it. */
export function createStubHost(): StubHost {
  let guestMemory: { readonly buffer: ArrayBuffer } | undefined;
  let written = '';
  const view = viewOf(() => {
    if (guestMemory === undefined) throw new Error('the guest has called its host before it was attached');
    return guestMemory;
  });
  const kernel = stubKernel(httpBody);
  const functions = new Map(
    Object.entries({
      ...kernel.functions,
      ...stubWasi(view, (text) => {
        written += text;
      }),
    }),
  );

  return {
    kernel,
    attach(memory) {
      guestMemory = memory;
    },
    imports(names) {
      const imports: Record<string, Record<string, HostFunction>> = {};
      for (const { module, name } of names) {
        const namespace = imports[module] ?? {};
        imports[module] = namespace;
        namespace[name] = functions.get(name) ?? (() => 0);
      }
      return imports;
    },
    written: () => written,
  };
}
