/** What the process for AssemblyScript is told. */
export interface AssemblyScriptJob {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly entry: string;
  readonly functionNames: readonly string[];
}
