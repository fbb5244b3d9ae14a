// What a function finds in its global scope beside what browsers have too (fetch, console, URL, TextEncoder, crypto,
// setTimeout ...): the same as in Extism's js-pdk.

/** A block of memory that host and function share. It lasts until the call is over. */
export interface MemoryBlock {
  readonly offset: number;
  /** Bytes. */
  readonly len: number;
  readString(): string;
  readBytes(): ArrayBuffer;
  readJsonObject(): unknown;
  free(): void;
}

/** Pointers, sizes and statuses; 64-bit sums as bigint. */
export type HostFunction = (...values: (number | bigint)[]) => number | bigint;

declare global {
  /** Input and output of the call in progress, and the functions of the host. */
  const Host: {
    inputString(): string;
    inputBytes(): ArrayBuffer;
    outputString(text: string): void;
    outputBytes(bytes: ArrayBuffer | ArrayBufferView): void;
    /** The host's functions by name. A module imports those whose names are written out in its source, as in `getFunctions().proxy_log`. */
    getFunctions(): Readonly<Record<string, HostFunction>>;
  };

  const Memory: {
    fromString(text: string): MemoryBlock;
    fromBuffer(bytes: ArrayBuffer | ArrayBufferView): MemoryBlock;
    fromJsonObject(value: unknown): MemoryBlock;
    /** The block that a host function answered with. */
    find(offset: number | bigint): MemoryBlock;
  };

  /** The `config` of the plugin. */
  const Config: { get(key: string): string | null };

  /** Values that live as long as the instance: other calls may find them, or another instance may take the next call. */
  const Var: {
    getString(key: string): string | null;
    getBytes(key: string): ArrayBuffer | null;
    set(key: string, value: string | ArrayBuffer | ArrayBufferView): void;
  };

  /** Outbound HTTP to the plugin's `allowedHosts`; `fetch` does the same. */
  const Http: {
    request(
      request: { readonly url: string; readonly method?: string; readonly headers?: Readonly<Record<string, string>> },
      body?: string | ArrayBuffer | ArrayBufferView,
    ): { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string };
  };
}
