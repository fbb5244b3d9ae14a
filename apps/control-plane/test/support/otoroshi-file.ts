import { convertFile } from '../../src/import-otoroshi/convert.js';
import type { Conversion, PluginDraft, RouteDraft } from '../../src/import-otoroshi/drafts.js';
import type { ImportItem } from '../../src/import-otoroshi/report.js';

/** what Otoroshi writes of a route, but for the changes. */
export function aFileRoute(changes: object = {}): object {
  return {
    _loc: { tenant: 'default', teams: ['default'] },
    id: 'route_1',
    name: 'Orders',
    description: '',
    tags: ['shop'],
    metadata: {},
    enabled: true,
    debug_flow: false,
    export_reporting: false,
    capture: false,
    groups: ['default'],
    bound_listeners: [],
    frontend: { domains: ['orders.example.com/api'], strip_path: true, exact: false, headers: {}, cookies: {}, query: {}, methods: [] },
    backend: aFileBackend(),
    backend_ref: null,
    plugins: [],
    ...changes,
  };
}

/** what Otoroshi writes of a backend, but for the changes. */
export function aFileBackend(changes: object = {}): object {
  return {
    targets: [aFileTarget()],
    root: '/',
    rewrite: false,
    load_balancing: { type: 'RoundRobin' },
    health_check: null,
    client: {
      retries: 1,
      max_errors: 20,
      retry_initial_delay: 50,
      backoff_factor: 2,
      call_timeout: 30_000,
      call_and_stream_timeout: 120_000,
      connection_timeout: 10_000,
      idle_timeout: 60_000,
      global_timeout: 30_000,
      sample_interval: 2_000,
      proxy: {},
      custom_timeouts: [],
      cache_connection_settings: { enabled: false, queue_size: 2_048 },
    },
    ...changes,
  };
}

export function aFileTarget(changes: object = {}): object {
  return {
    id: 'target_1',
    hostname: 'orders.internal',
    port: 8080,
    tls: false,
    weight: 1,
    backup: false,
    predicate: { type: 'AlwaysMatch' },
    protocol: 'HTTP/1.1',
    ip_address: null,
    tls_config: { certs: [], trusted_certs: [], enabled: false, loose: false, trust_all: false },
    ...changes,
  };
}

/** a slot as Otoroshi writes it. */
export function aFileSlot(className: string, config: object = {}, changes: object = {}): object {
  return {
    enabled: true,
    debug: false,
    plugin: `cp:otoroshi.next.plugins.${className}`,
    include: [],
    exclude: [],
    config,
    bound_listeners: [],
    plugin_index: {},
    ...changes,
  };
}

/** the converted file, with everything that was found about it in one list. */
export function converted(body: unknown, options: Partial<Parameters<typeof convertFile>[1]> = {}): Conversion & { readonly items: ImportItem[] } {
  const conversion = convertFile(body, { compat: 'torii', given: new Map(), ...options });
  const parts = [conversion, ...conversion.routes, ...conversion.plugins];
  return { ...conversion, items: parts.flatMap(({ findings }) => findings.items) };
}

export function onlyRoute(body: unknown): RouteDraft & { readonly items: ImportItem[]; readonly plugins: readonly PluginDraft[] } {
  const { routes, items, plugins } = converted(body);
  const [route] = routes;
  if (route === undefined) throw new Error('the file comes to no route');
  return { ...route, items, plugins };
}
