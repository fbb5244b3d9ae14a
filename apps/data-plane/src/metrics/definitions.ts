import { errorTable, ownerOf } from '@torii/contracts';

/** Who a series is about: the node as a whole, one plugin, one route, or one target of upstreams. */
export type MetricScope = 'node' | 'plugin' | 'route' | 'upstream';

export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** A label with every value it can have; each has a cell of its own. */
  readonly label?: { readonly name: string; readonly values: readonly string[] };
  /** Upper bounds of a histogram, without the last, endless one; seconds. */
  readonly buckets?: readonly number[];
  /** How the threads of a node are taken together; added up unless it says otherwise. */
  readonly over?: 'max';
}

const codes = Object.keys(errorTable);

/** What may become of a call of a plugin; whatever else it was is `other`. */
export const callOutcomes = [
  'ok',
  ...codes.filter((code) => ['plugin', 'capacity'].includes(ownerOf(code as keyof typeof errorTable))),
  'client.gone',
  'other',
] as const;

/** What may become of a request at a target: the class of its answer's status, or the code of an error; whatever else it was is `other`. */
export const attemptOutcomes = [
  '2xx',
  '3xx',
  '4xx',
  '5xx',
  ...codes.filter((code) => ['upstream', 'capacity'].includes(ownerOf(code as keyof typeof errorTable))),
  'client.gone',
  'client.request_timeout',
  'other',
] as const;

export const statusClasses = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;

/** By name, in the order of docs/metrics.md, which is generated from here. Names and units follow Prometheus' rules. */
export const metricDefinitions = {
  node: {
    torii_request_seconds: {
      type: 'histogram',
      help: 'Time from the head of a request to its answer.',
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    },
    torii_errors_total: {
      type: 'counter',
      help: 'Requests that ended in an error, by its code; see errors.md.',
      label: { name: 'code', values: codes },
    },
    torii_requests_in_flight: { type: 'gauge', help: 'Requests under way.' },
    torii_connections: { type: 'gauge', help: 'Open connections of clients.' },
    torii_connections_handed_on_total: {
      type: 'counter',
      help: 'Connections that were closed after an answer because their thread had more than its share.',
    },
    torii_event_loop_lag_seconds: {
      type: 'gauge',
      help: 'The longest turn of an event loop in the last half second, of the slowest thread.',
      over: 'max',
    },
    torii_threads_overloaded: { type: 'gauge', help: 'Data threads that shed load now.' },
    torii_threads: {
      type: 'gauge',
      help: 'Data threads that serve, and ones that stand by.',
      label: { name: 'state', values: ['serving', 'spare'] },
    },
    torii_thread_losses_total: {
      type: 'counter',
      help: 'Data threads that were lost while they served: ended because they did not answer, or ended by themselves.',
      label: { name: 'reason', values: ['silent', 'ended'] },
    },
    torii_instances: {
      type: 'gauge',
      help: 'Live instances of all plugins.',
      label: { name: 'state', values: ['idle', 'leased'] },
    },
    torii_guest_memory_bytes: { type: 'gauge', help: 'Memory of all live instances.' },
    torii_egress_calls_total: {
      type: 'counter',
      help: 'Outbound HTTP calls of plugins: answered, refused before a connection was made, or failed.',
      label: { name: 'outcome', values: ['answered', 'refused', 'failed'] },
    },
    torii_kv_operations_total: {
      type: 'counter',
      help: 'Operations on maps and datastores in Redis: carried out, or failed. Those on maps in memory are host calls only.',
      label: { name: 'outcome', values: ['done', 'failed'] },
    },
    torii_trace_spans_total: {
      type: 'counter',
      help: 'Spans of traced requests: taken by the collector, refused by it or lost on the way, or dropped because too many waited.',
      label: { name: 'outcome', values: ['exported', 'failed', 'dropped'] },
    },
    torii_revision: { type: 'gauge', help: 'The revision that is served; 0 before the first.' },
    torii_configuration_rejected: { type: 'gauge', help: '1 while the newest revision is one that this node refused.' },
    torii_redis_connected: { type: 'gauge', help: '1 while the connection for configurations is up.' },
    process_resident_memory_bytes: { type: 'gauge', help: 'Resident memory of the process.' },
    process_cpu_seconds_total: { type: 'counter', help: 'Processor time of the process, of all its threads.' },
    process_start_time_seconds: { type: 'gauge', help: 'When the process began, since 1970.' },
  },
  route: {
    torii_requests_total: {
      type: 'counter',
      help: 'Requests by route and status. Those that matched none, or were refused before, have an empty one.',
      label: { name: 'status', values: statusClasses },
    },
  },
  plugin: {
    torii_plugin_calls_total: {
      type: 'counter',
      help: 'Calls by what became of them: `ok`, the code of an error, or `other`.',
      label: { name: 'outcome', values: callOutcomes },
    },
    torii_plugin_call_seconds: {
      type: 'histogram',
      help: 'Time of a call, from the lease of an instance to the guest’s return.',
      buckets: [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
    },
    torii_plugin_queue_seconds: {
      type: 'histogram',
      help: 'Time a call waited for an instance.',
      buckets: [0.001, 0.01, 0.1, 1],
    },
    torii_plugin_cpu_seconds_total: { type: 'counter', help: 'Time guests computed, also in calls that failed.' },
    torii_plugin_host_calls_total: { type: 'counter', help: 'Calls of host functions.' },
    torii_plugin_host_seconds_total: { type: 'counter', help: 'Time in host functions, waiting included.' },
    torii_plugin_host_bytes_total: { type: 'counter', help: 'Bytes that host functions were given and answered.' },
    torii_plugin_http_calls_total: { type: 'counter', help: 'Outbound HTTP calls.' },
    torii_plugin_request_bytes_total: { type: 'counter', help: 'Request bodies handed to the plugin.' },
    torii_plugin_memory_high_bytes: { type: 'gauge', help: 'The most memory an instance had after a call.', over: 'max' },
    torii_plugin_instances: {
      type: 'gauge',
      help: 'Live instances.',
      label: { name: 'state', values: ['idle', 'leased'] },
    },
    torii_plugin_waiting: { type: 'gauge', help: 'Requests that wait for an instance.' },
    torii_plugin_instances_created_total: { type: 'counter', help: 'Instances that were made.' },
    torii_plugin_instances_ended_total: { type: 'counter', help: 'Instances that were given up, for whatever reason.' },
    torii_plugin_instances_recycled_total: {
      type: 'counter',
      help: 'Of these, ones that did no wrong: worn out, or not to be used again under `fresh` isolation.',
    },
    torii_plugin_traps_total: { type: 'counter', help: 'Calls that ended by a trap, or for want of memory.' },
    torii_plugin_kills_total: { type: 'counter', help: 'Calls that were cut because their time or another limit was used up.' },
    torii_plugin_quarantines_total: { type: 'counter', help: 'Times the plugin was put under quarantine, by each thread on its own.' },
    torii_plugin_instantiate_seconds_total: { type: 'counter', help: 'Time to make instances, initialisation included.' },
    torii_plugin_prepares_total: {
      type: 'counter',
      help: 'Times its module was prepared, by where the rewritten bytes came from.',
      label: { name: 'source', values: ['disk', 'rewritten'] },
    },
    torii_plugin_prepare_seconds_total: { type: 'counter', help: 'Time to prepare its module: fetch, rewrite, compile.' },
    torii_plugin_thread_losses_total: { type: 'counter', help: 'Data threads that were lost while they ran this plugin.' },
  },
  upstream: {
    torii_upstream_requests_total: {
      type: 'counter',
      help: 'Requests sent to the target, each try on its own, by what became of them: the class of the status, the code of an error, or `other`.',
      label: { name: 'outcome', values: attemptOutcomes },
    },
    torii_upstream_retries_total: { type: 'counter', help: 'Of these, ones that another try of the same request had come before.' },
    torii_upstream_seconds: {
      type: 'histogram',
      help: 'Time until the head of its answer, waiting for a connection included.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    },
    torii_upstream_in_flight: { type: 'gauge', help: 'Requests that it has not answered to their end.' },
    torii_upstream_connections: { type: 'gauge', help: 'Connections to its origin in use.' },
    torii_upstream_down: {
      type: 'gauge',
      help: '1 while it is left out by any thread, because of its checks or of requests that failed.',
      over: 'max',
    },
  },
} as const satisfies Record<MetricScope, Record<string, MetricDefinition>>;

export type MetricName<Scope extends MetricScope> = keyof (typeof metricDefinitions)[Scope] & string;

/** Labels of a scope's series, beside the metric's own. */
export const scopeLabels: Readonly<Record<MetricScope, readonly string[]>> = {
  node: [],
  route: ['workspace', 'route'],
  plugin: ['workspace', 'plugin'],
  upstream: ['upstream'],
};
