import type { MessagePort } from 'node:worker_threads';
import type { AppErrorOptions, ErrorCode, SnapshotPlugin, SnapshotRoute } from '@torii/contracts';
import type { PreparedModule } from '@torii/wasm-runtime';

/** `EgressOptions` in values that can be copied between threads. */
interface EgressSettings {
  readonly overrides: ReadonlyMap<string, string>;
  readonly privateCidrs: readonly string[];
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly responseMaxBytes: number;
  readonly maxRedirects: number;
  readonly maxConcurrent: number;
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
  readonly kvRedisUrl: string;
  readonly redisPrefix: string;
  readonly logLevel: string;
  readonly egress: EgressSettings;
  /** To the in-memory maps, which the main thread owns. */
  readonly kvPort: MessagePort;
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

/**
 * What the main thread asks of a data thread. A configuration comes in two steps, so that all threads have it or none:
 * `stage` builds everything beside the active one and may fail; `commit` swaps one reference and cannot.
 */
export type ThreadRequest =
  | { readonly kind: 'listen'; readonly port: number; readonly isShared: boolean }
  | { readonly kind: 'stage'; readonly snapshot: CompiledSnapshot }
  | { readonly kind: 'commit' }
  | { readonly kind: 'discard' }
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
