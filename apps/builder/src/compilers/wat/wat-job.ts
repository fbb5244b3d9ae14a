/** What the process for WebAssembly text is told. */
export interface WatJob {
  /** The name that the places of errors are given with. */
  readonly path: string;
  readonly source: Uint8Array;
  readonly functionNames: readonly string[];
}
