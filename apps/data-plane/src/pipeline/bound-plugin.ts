import type { InstancePool } from '@torii/wasm-runtime';
import type { CompatRules } from './compat-rules.js';

/** A plugin version as this thread runs it, ready to be called. */
export interface BoundPlugin {
  readonly name: string;
  readonly version: number;
  /** Of a body that it is called with. */
  readonly bodyMaxBytes: number;
  /** Where it is served as Otoroshi serves it; undefined for our way. */
  readonly compat: CompatRules | undefined;
  readonly pool: InstancePool;
  /** Where its calls are counted. */
  readonly row: number;
  /** Where this thread shows, to others, which plugin it runs. */
  readonly running: RunningPlugin;
}

export interface RunningPlugin {
  enter(row: number): void;
  leave(row: number): void;
}
