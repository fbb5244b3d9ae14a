/**
 * How much of each thing a module may have. Toolchains stay far below; V8 would allow more of most, at a price nobody has
 * agreed to: memory outside of any limit, and time to compile.
 */
export const formatLimits = {
  moduleBytes: 64 * 1024 * 1024,
  /** As it is and once rewritten: compiling takes some 130 ms per MB of the densest code there is, and cannot be cut. */
  codeBytes: 32 * 1024 * 1024,
  types: 50_000,
  functions: 200_000,
  /** Parameters or results of one function type. */
  params: 1_000,
  /** Locals of one function, its parameters included. V8's own limit, less room for what rewriting appends. */
  locals: 49_900,
  /** In one function, locals times the ways that control can take: V8 takes some ten bytes for each while it optimises. */
  localsByWays: 25_000_000,
  /** The same of all functions together. */
  localsByWaysInAll: 500_000_000,
  /**
   * Values beyond eight that a block, a branch, a call or a function hands over, and locals that are references, all
   * together: V8 makes code for each, up to a kilobyte for a byte of the module.
   */
  values: 1_000_000,
  /** Bytes of one function; V8's own limit. */
  functionBytes: 7_654_321,
  /** Blocks within blocks, in one function. */
  nesting: 20_000,
  /** Loops within loops, in one function. */
  loopNesting: 250,
  branchTargets: 65_520,
  imports: 1_000,
  exports: 10_000,
  globals: 50_000,
  tables: 16,
  /** Entries that all tables together may have or grow to; V8 would allow ten million each, and takes 48 bytes of its heap for one. */
  tableEntries: 100_000,
  tags: 1_000,
  elementSegments: 10_000,
  /** Functions in all element segments together. */
  elements: 200_000,
  dataSegments: 100_000,
  nameBytes: 4_096,
} as const;
