/**
 * What the engine's glue offers to the prelude: see scripts/lib/glue.mjs. Blocks are pointers into the kernel's memory.
 * Nothing of it is checked there: whoever calls passes every argument, of its type.
 */
export interface Native {
  inputString(): string;
  inputBytes(): ArrayBuffer;
  outputString(text: string): void;
  outputBytes(buffer: ArrayBufferLike, offset: number, length: number): void;
  errorString(text: string): void;
  storeString(text: string): number;
  storeBytes(buffer: ArrayBufferLike, offset: number, length: number): number;
  loadString(block: number, length: number): string;
  loadBytes(block: number, length: number): ArrayBuffer;
  length(block: number): number;
  free(block: number): void;
  configGet(key: number): number;
  varGet(key: number): number;
  varSet(key: number, value: number): void;
  httpRequest(request: number, body: number): number;
  httpStatus(): number;
  httpHeaders(): number;
  log(level: number, text: string): void;
  buildLog(level: number, text: string): void;
  random(): number;
  randomBytes(buffer: ArrayBufferLike, offset: number, length: number): void;
  /** Milliseconds of clock 0, since 1970, or of clock 1, which only goes forward. */
  clock(id: number): number;
  sleep(ms: number): void;
  encode(text: string): ArrayBuffer;
  decode(buffer: ArrayBufferLike, offset: number, length: number): string;
  narrowStack(): void;
  widenStack(): void;
  host(index: number, first: number, second: number, third: number): number | bigint;
}

const scope = globalThis as unknown as { __torii_native: Native };

export const native: Native = scope.__torii_native;
Reflect.deleteProperty(globalThis, '__torii_native');
