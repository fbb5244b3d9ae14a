import { z } from 'zod';

export type ValueType = 'i32' | 'i64';

/** What a guest must have been granted to import a function; functions without one are open to every plugin. */
export type Grant = `${GrantName}:${GrantAccess}`;
export type GrantAccess = 'read' | 'write';
export const grantNames = ['plugin_map', 'global_map', 'plugin_datastore', 'global_datastore', 'state', 'config'] as const;
export type GrantName = (typeof grantNames)[number];

const grants = [
  'plugin_map:read',
  'plugin_map:write',
  'global_map:read',
  'global_map:write',
  'plugin_datastore:read',
  'plugin_datastore:write',
  'global_datastore:read',
  'global_datastore:write',
  'state:read',
  'config:read',
] as const satisfies readonly Grant[];

export const GrantString = z.enum(grants);

export interface HostFunction {
  /**
   * Parameters in order. Sizes and pointers are accepted as i32 or i64 alike, because toolchains differ;
   * what the module really declares is read from its import section.
   */
  readonly params: readonly ValueType[];
  readonly result: ValueType | undefined;
  readonly grant?: Grant;
  /** Named in the table, so that a save can say what is missing, but not served yet. */
  readonly isAvailable: boolean;
}

/** `(pointer, size) -> pointer or number`, the shape of nearly all of Otoroshi's host functions. */
const pair = (grant: Grant | undefined, isAvailable: boolean): HostFunction => ({
  params: ['i64', 'i64'],
  result: 'i64',
  isAvailable,
  ...(grant === undefined ? {} : { grant }),
});
const unary = (grant: Grant | undefined, isAvailable: boolean): HostFunction => ({
  params: ['i64'],
  result: 'i64',
  isAvailable,
  ...(grant === undefined ? {} : { grant }),
});

/** Namespaces under which every function of `hostFunctions` is served alike. */
export const hostFunctionNamespaces = ['env', 'env/Otoroshi', 'extism:host/user'] as const;

/**
 * Every host function of Otoroshi's contract, one table for both planes:
 * the control plane refuses a plugin whose imports are unknown, not granted or not there yet; a node links by it.
 */
export const hostFunctions: Readonly<Record<string, HostFunction>> = {
  proxy_log: { params: ['i32', 'i64', 'i64'], result: 'i32', isAvailable: true },
  proxy_http_call: pair(undefined, true),
  proxy_plugin_map_get: pair('plugin_map:read', true),
  proxy_plugin_map_set: pair('plugin_map:write', true),
  proxy_plugin_map_del: pair('plugin_map:write', true),

  proxy_plugin_map: unary('plugin_map:read', false),
  proxy_global_map_get: pair('global_map:read', false),
  proxy_global_map_set: pair('global_map:write', false),
  proxy_global_map_del: pair('global_map:write', false),
  proxy_global_map: unary('global_map:read', false),
  proxy_log_event: pair(undefined, false),
  proxy_get_attrs: unary(undefined, false),
  proxy_get_attr: pair(undefined, false),
  proxy_set_attr: pair(undefined, false),
  proxy_del_attr: pair(undefined, false),
  proxy_clear_attrs: unary(undefined, false),
  proxy_state: unary('state:read', false),
  proxy_state_value: pair('state:read', false),
  proxy_global_config: unary('state:read', false),
  proxy_config: unary('config:read', false),
  proxy_cluster_state: unary('config:read', false),
  proxy_cluster_state_value: pair('config:read', false),
  ...datastore('proxy_datastore', 'global_datastore'),
  ...datastore('proxy_plugin_datastore', 'plugin_datastore'),
};

/** The Extism kernel, always linked: `extism:host/env`, and for old modules `env.extism_*`. */
export const kernelFunctions: Readonly<Record<string, Omit<HostFunction, 'grant' | 'isAvailable'>>> = {
  alloc: { params: ['i64'], result: 'i64' },
  free: { params: ['i64'], result: undefined },
  length: { params: ['i64'], result: 'i64' },
  length_unsafe: { params: ['i64'], result: 'i64' },
  load_u8: { params: ['i64'], result: 'i32' },
  load_u64: { params: ['i64'], result: 'i64' },
  store_u8: { params: ['i64', 'i32'], result: undefined },
  store_u64: { params: ['i64', 'i64'], result: undefined },
  input_length: { params: [], result: 'i64' },
  input_offset: { params: [], result: 'i64' },
  input_load_u8: { params: ['i64'], result: 'i32' },
  input_load_u64: { params: ['i64'], result: 'i64' },
  output_set: { params: ['i64', 'i64'], result: undefined },
  error_set: { params: ['i64'], result: undefined },
  error_get: { params: [], result: 'i64' },
  config_get: { params: ['i64'], result: 'i64' },
  var_get: { params: ['i64'], result: 'i64' },
  var_set: { params: ['i64', 'i64'], result: undefined },
  http_request: { params: ['i64', 'i64'], result: 'i64' },
  http_status_code: { params: [], result: 'i32' },
  http_headers: { params: [], result: 'i64' },
  log_trace: { params: ['i64'], result: undefined },
  log_debug: { params: ['i64'], result: undefined },
  log_info: { params: ['i64'], result: undefined },
  log_warn: { params: ['i64'], result: undefined },
  log_error: { params: ['i64'], result: undefined },
  get_log_level: { params: [], result: 'i32' },
};

export const kernelNamespace = 'extism:host/env';
/** Old modules import the kernel as `env.extism_alloc` and so on. */
export const legacyKernelPrefix = 'extism_';
export const wasiNamespace = 'wasi_snapshot_preview1';

function datastore(prefix: string, name: 'global_datastore' | 'plugin_datastore'): Record<string, HostFunction> {
  const reads = ['keys', 'all_matching', 'get', 'exists', 'pttl'];
  const writes = ['set', 'setnx', 'del', 'incrby', 'pexpire'];
  return Object.fromEntries([
    ...reads.map((verb) => [`${prefix}_${verb}`, pair(`${name}:read`, false)]),
    ...writes.map((verb) => [`${prefix}_${verb}`, pair(`${name}:write`, false)]),
  ]);
}
