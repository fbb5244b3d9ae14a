import type { AppErrorOptions, ErrorCode, NodeId, SnapshotPlugin, SnapshotRoute, SnapshotSlot, TesterAnswer, Trial } from '@torii/contracts';
import type { PreparedModule } from '@torii/wasm-runtime';
import type { MetricRowCounts } from '../metrics/layout.js';
import type { Following, ThreadTailBatch } from '../tail/thread-tail.js';
import type { TracingSettings } from '../telemetry/tracing.js';
import type { RouteCells } from '../upstream/health-cells.js';
import type { WebSocketLimits } from '../websocket/message-relay.js';

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
  readonly nodeId: NodeId;
  readonly nodeName: string | undefined;
  readonly proxyHost: string;
  readonly threadCount: number;
  readonly requestTimeoutMs: number;
  readonly requestBytesMax: number;
  readonly maxConnections: number;
  /** Of connections whose messages plugins see. */
  readonly webSockets: WebSocketLimits;
  readonly shutdownTimeoutMs: number;
  readonly warmUpTimeoutMs: number;
  readonly warmUpTotalMs: number;
  readonly maxInstances: number;
  readonly guestMemoryBytes: number;
  readonly instanceIdleMs: number;
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
  /** Undefined where no traces are sent. */
  readonly tracing: TracingSettings | undefined;
  /** This thread's share of what the node tells followers. */
  readonly tailRecordsPerSecond: number;
  /** Share of requests that have an access line; those that failed all have one. */
  readonly accessLogSample: number;
  /** What debug tokens are signed with; see `debugTokenKey`. */
  readonly debugKey: Uint8Array;
  /** The in-memory maps of the node; see `PluginMaps`. */
  readonly maps: SharedArrayBuffer;
  /** What checks of upstreams have found; see `HealthCells`. */
  readonly upstreamHealth: SharedArrayBuffer;
  /** Whether upstreams may have link-local addresses. */
  readonly allowLinkLocal: boolean;
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
  readonly globalPlugins: readonly SnapshotSlot[];
  /** Of the debug tokens that are taken. */
  readonly debugEpoch: string | undefined;
  readonly routes: readonly SnapshotRoute[];
}

/** The same with the rows that plugins and routes are counted in, in their order; a plugin's is also its number on the `ThreadBoard`. */
export interface CountedSnapshot extends CompiledSnapshot {
  readonly pluginRows: readonly number[];
  readonly routeRows: readonly number[];
  /** By the URL of a target of upstreams. */
  readonly upstreamRows: ReadonlyMap<string, number>;
  /** By the id of a route: the cells in which the health of its upstream's targets is, for those that are checked. */
  readonly upstreamCells: ReadonlyMap<string, RouteCells>;
}

export interface ToldRoute {
  readonly route: SnapshotRoute;
  readonly row: number;
  readonly cells: RouteCells | undefined;
}

/** The routes of a configuration as a thread is told them: what differs from those of the one it serves, or all of them. */
interface ToldRoutes {
  /** Tells them from those of any other configuration. */
  readonly serial: number;
  /** The routes that these are a change of; undefined for all of them. */
  readonly onto: number | undefined;
  /** Ids of those that are gone, or are told again because something that they are bound with has changed. */
  readonly gone: readonly string[];
  readonly told: readonly ToldRoute[];
}

/** A configuration as a thread is told it. */
export interface StagedSnapshot extends Omit<CountedSnapshot, 'routes' | 'routeRows' | 'upstreamCells'> {
  readonly routes: ToldRoutes;
}

/** Plugins of a draft that are not saved, and what their stores are called by. */
export interface DraftScratch {
  readonly trialId: string;
  /** As `pluginVersionKey` has them. */
  readonly plugins: ReadonlySet<string>;
}

/** A draft with its modules compiled. */
export interface CompiledDraft {
  readonly plugins: readonly PluginBundle[];
  readonly pluginRows: readonly number[];
  readonly routes: readonly SnapshotRoute[];
  /** All of them are counted in this one. */
  readonly routeRow: number;
  /** Ids of routes to do without. */
  readonly without: readonly string[];
  /** In the place of the slots of the active revision; undefined where the draft leaves them alone. */
  readonly globalPlugins: readonly SnapshotSlot[] | undefined;
  readonly scratch: DraftScratch;
  /** What building it on a thread may take. */
  readonly buildTimeoutMs: number;
}

/**
 * What the main thread asks of a data thread. A configuration comes in two steps, so that all threads have it or none:
 * `stage` builds everything beside the active one and may fail; `commit` swaps one reference and cannot.
 */
export type ThreadRequest =
  | { readonly kind: 'listen'; readonly port: number; readonly isShared: boolean }
  /** `isTried`: a thread of this node has taken it over already, so what it runs is known to start. */
  | { readonly kind: 'stage'; readonly snapshot: StagedSnapshot; readonly isTried: boolean }
  | { readonly kind: 'commit' }
  | { readonly kind: 'discard' }
  /** Puts a plugin under quarantine, as often as that was called for lately: each time it lasts longer. */
  | { readonly kind: 'confine'; readonly row: number; readonly times: number }
  /** Sends this thread a request as a client would; with a draft, on the configuration that it makes of the active one. */
  | { readonly kind: 'try'; readonly trial: Omit<Trial, 'draft'>; readonly draft?: CompiledDraft }
  /** Who follows the requests from now on. */
  | { readonly kind: 'follow'; readonly followings: readonly Following[] }
  | { readonly kind: 'drain' };

export type ThreadCall = ThreadRequest & { readonly callId: number };

interface ThreadError extends Pick<AppErrorOptions, 'detail'> {
  readonly code: ErrorCode;
  /** The system's code, such as EADDRINUSE. */
  readonly systemCode?: string;
}

/** What a data thread answers to what it was asked, where there is something to say. */
export interface ThreadAnswer {
  /** To `listen`. */
  readonly port?: number;
  /** To `try`. */
  readonly tried?: TesterAnswer;
}

export type ThreadReply =
  | ({ readonly callId: number; readonly ok: true } & ThreadAnswer)
  | { readonly callId: number; readonly ok: false; readonly error: ThreadError };

/** What a data thread says without being asked. */
export type ThreadNews =
  | { readonly kind: 'tail'; readonly batches: readonly ThreadTailBatch[] }
  /** A request with a token is over; `json` is its report. */
  | { readonly kind: 'report'; readonly id: string; readonly json: string };
