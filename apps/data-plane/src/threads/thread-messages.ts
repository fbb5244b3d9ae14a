import type { AppErrorOptions, ErrorCode, SnapshotPlugin, SnapshotRoute } from '@torii/contracts';
import type { PreparedModule } from '@torii/wasm-runtime';
import type { MetricRowCounts } from '../metrics/layout.js';

/** `EgressOptions` in values that can be copied between threads. */
export interface EgressSettings {
  readonly overrides: ReadonlyMap<string, string>;
  readonly privateCidrs: readonly string[];
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly responseMaxBytes: number;
  readonly maxRedirects: number;
  readonly maxConcurrent: number;
  readonly maxConcurrentPerPlugin: number;
  readonly queueWaitMs: number;
  /** This thread's share of the node's. */
  readonly bufferMaxBytes: number;
  readonly dnsServers?: readonly string[];
  readonly extraCa?: string;
}

/** What a data thread is started with; plain values only, they are copied. */
export interface ThreadSettings {
  readonly index: number;
  readonly nodeId: string;
  readonly proxyHost: string;
  readonly threadCount: number;
  readonly requestTimeoutMs: number;
  readonly requestBytesMax: number;
  readonly maxConnections: number;
  readonly shutdownTimeoutMs: number;
  readonly warmUpTimeoutMs: number;
  readonly maxInstances: number;
  readonly guestMemoryBytes: number;
  readonly kvRedisUrl: string;
  readonly kvTimeoutMs: number;
  /** What the global map and the global datastore may hold, each. */
  readonly globalKvBytes: number;
  readonly redisPrefix: string;
  readonly logLevel: string;
  readonly egress: EgressSettings;
  /** What the threads tell each other about themselves; see `ThreadBoard`. */
  readonly board: SharedArrayBuffer;
  /** Where they count; see `MetricMemory`. */
  readonly metrics: SharedArrayBuffer;
  readonly metricsRows: MetricRowCounts;
  /** How late the event loop may be for long before load is shed. */
  readonly overloadLagMs: number;
  /** The in-memory maps of the node; see `PluginMaps`. */
  readonly maps: SharedArrayBuffer;
}

export interface PluginBundle {
  /** Names this version with these contents: a database that was restored gives numbers it lost to other versions. */
  readonly key: string;
  readonly plugin: SnapshotPlugin;
  readonly prepared: PreparedModule;
}

/** A configuration with its modules compiled: compiled code is shared between threads, not copied. */
export interface CompiledSnapshot {
  readonly revision: number;
  readonly plugins: readonly PluginBundle[];
  readonly routes: readonly SnapshotRoute[];
}

/** The same with the rows that plugins and routes are counted in, in their order; a plugin's is also its number on the `ThreadBoard`. */
export interface CountedSnapshot extends CompiledSnapshot {
  readonly pluginRows: readonly number[];
  readonly routeRows: readonly number[];
}

/**
 * What the main thread asks of a data thread. A configuration comes in two steps, so that all threads have it or none:
 * `stage` builds everything beside the active one and may fail; `commit` swaps one reference and cannot.
 */
export type ThreadRequest =
  | { readonly kind: 'listen'; readonly port: number; readonly isShared: boolean }
  | { readonly kind: 'stage'; readonly snapshot: CountedSnapshot }
  | { readonly kind: 'commit' }
  | { readonly kind: 'discard' }
  /** Puts a plugin under quarantine, as often as that was called for lately: each time it lasts longer. */
  | { readonly kind: 'confine'; readonly row: number; readonly times: number }
  | { readonly kind: 'drain' };

export type ThreadCall = ThreadRequest & { readonly callId: number };

interface ThreadError extends Pick<AppErrorOptions, 'detail'> {
  readonly code: ErrorCode;
  /** The system's code, such as EADDRINUSE. */
  readonly systemCode?: string;
}

export type ThreadReply =
  | { readonly callId: number; readonly ok: true; readonly port?: number }
  | { readonly callId: number; readonly ok: false; readonly error: ThreadError };
