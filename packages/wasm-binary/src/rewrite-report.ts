/** A global that a host restores: its export, whose value it keeps from when the instance was new. */
export interface RestorableGlobal {
  readonly exportName: string;
  readonly index: number;
  readonly type: 'i32' | 'i64' | 'f32' | 'f64';
}

/**
 * Whether an instance can be made like new in place. If so, all that a call can change is the memory, which may not have
 * grown since, and the globals that are named here.
 */
export type Restoration =
  | { readonly isRestorable: true; readonly globals: readonly RestorableGlobal[] }
  | { readonly isRestorable: false; readonly reason: string };

/** What was rewritten, and what a host may do with it. */
export interface RewriteReport {
  /** The module's own functions, and how many of them hold a check that is not in a loop. */
  readonly functions: number;
  readonly checkedFunctions: number;
  readonly loops: number;
  /** In pages of 64 KiB; undefined if the module has no memory. */
  readonly memory: { readonly minPages: number; readonly maxPages: number; readonly isImported: boolean } | undefined;
  readonly restoration: Restoration;
}
