/** The parts of the WebAssembly JavaScript API that are used here; Node has it, and Node's types do not. */
interface WebAssemblyApi {
  readonly Module: (new (
    bytes: Uint8Array,
  ) => WasmModule) & {
    imports(module: WasmModule): readonly { readonly module: string; readonly name: string }[];
  };
  readonly Instance: new (module: WasmModule, imports: Imports) => { readonly exports: Readonly<Record<string, unknown>> };
}

export type WasmModule = object;
export type Imports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

export interface WasmGlobal {
  value: number | bigint;
}

export const webAssembly = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;
