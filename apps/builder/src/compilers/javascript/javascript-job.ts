/** What the process for JavaScript and TypeScript is told. */
export interface JavaScriptJob {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly entry: string;
  readonly functionNames: readonly string[];
  /** A folder `node_modules`. */
  readonly nodeModules: string | undefined;
  readonly outputMaxBytes: number;
  /** For esbuild, which is a process of its own. */
  readonly bundlerMaxBytes: number;
}

/** What bounds the top level of a function, which runs while it is built. */
export const topLevelLimits = {
  topLevelCpuMs: 5_000,
  /** Only a machine on which builds hardly come to compute reaches this. */
  topLevelWallMs: 60_000,
  /** A module begins with what is left of it; by default a plugin may have 64 MiB in all. */
  memoryMaxBytes: 48 * 1024 * 1024,
} as const;
