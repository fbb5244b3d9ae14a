import { z } from 'zod';

const errorBlock = 'a pointer to `{"error": {"code", "detail"}}`';

export type ValueType = 'i32' | 'i64';

export type GrantAccess = 'read' | 'write';
export const grantNames = ['plugin_map', 'global_map', 'plugin_datastore', 'global_datastore', 'state', 'config'] as const;
export type GrantName = (typeof grantNames)[number];
/** Those whose grant may carry limits. */
export const storeNames = ['plugin_map', 'global_map', 'plugin_datastore', 'global_datastore'] as const satisfies readonly GrantName[];
export type StoreName = (typeof storeNames)[number];

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
] as const satisfies readonly `${GrantName}:${GrantAccess}`[];

export const GrantString = z.enum(grants);
/** What a guest must have been granted to import a function; functions without one are open to every plugin. */
export type Grant = z.infer<typeof GrantString>;

/** How a grant is narrowed, as nodes are told it. */
export const StoreLimits = z.strictObject({
  /** Milliseconds: what a write without a time to live gets, and the most that any gets. */
  ttlMs: z.int().min(1).optional(),
  maxKeys: z.int().min(1).optional(),
  /** Of a map in memory: a write at its limits makes room by removing what was not used for longest. Without it the write is refused. */
  eviction: z.literal('lru').optional(),
});
export type StoreLimits = z.infer<typeof StoreLimits>;

export interface HostFunction {
  /**
   * Parameters in order. Sizes and pointers are accepted as i32 or i64 alike, because toolchains differ;
   * what the module really declares is read from its import section.
   */
  readonly params: readonly ValueType[];
  readonly result: ValueType | undefined;
  readonly grant?: Grant;
  readonly about: HostFunctionText;
}

/** What docs/host-functions.md says of a function. */
export interface HostFunctionText {
  readonly takes: string;
  readonly answers: string;
  /** The answer when it cannot be done; `proxy_last_error` then says why. */
  readonly fails: string;
}

/** Namespaces under which every function of `hostFunctions` is served alike. */
export const hostFunctionNamespaces = ['env', 'env/Otoroshi', 'extism:host/user'] as const;

/** Otoroshi's status numbers, borrowed from proxy-wasm. */
export const hostStatus = { ok: 0, notFound: 1, badArgument: 2, empty: 3, casMismatch: 4, internalFailure: 5, unimplemented: 6 } as const;

/** What a function that answers a 64-bit sum answers when there is none: the least number there is. */
export const noSum = -(2n ** 63n);

/** Why a host function could not do what it was asked, as `proxy_last_error` tells it. */
export const hostErrors = {
  bad_argument: 'The argument cannot be read: a pointer outside of the blocks, text that is not the JSON it should be, a key or a value too long.',
  over_limit: 'A limit of the store, of the attributes or of an answer would be exceeded; nothing has changed.',
  incomplete: 'The answer is right, but there is more than its limits let through.',
  not_a_number: 'The value is no 64-bit integer, or the sum would be none; nothing has changed.',
  not_settable: 'Plugins must not set this attribute.',
  not_durable: 'The write is done, but no replica confirmed it in time.',
  unavailable: 'The store could not be reached, or not in time; a write may or may not have happened.',
  http: 'The outbound call came to no answer; its own answer says why.',
} as const;
export type HostErrorCode = keyof typeof hostErrors;

/**
 * Every host function of Otoroshi's contract and those we add, one table for both planes:
 * the control plane refuses a plugin whose imports are unknown or not granted; a node links by it.
 */
export const hostFunctions: Readonly<Record<string, HostFunction>> = {
  proxy_log: {
    params: ['i32', 'i64', 'i64'],
    result: 'i32',
    about: {
      takes: 'a level (0 trace, 1 debug, 2 info, 3 warn, 4 error, 5 critical, 6 max) and the message',
      answers: '0',
      fails: '2: no such level',
    },
  },
  proxy_log_event: pair(undefined, {
    takes: '`{"function", "message", "level", "route_id"?}`, levels as in `proxy_log`',
    answers: '0; the line has the fields beside its text',
    fails: '2',
  }),
  proxy_http_call: pair(undefined, {
    takes: 'a request, see below',
    answers: 'a pointer to `{"status", "headers", "body_base64"}`',
    fails: 'the same with `"error": {"code", "detail"}`; status 400, 403, 502, 503 or 504',
  }),
  proxy_last_error: unary(undefined, {
    takes: 'nothing; the number is not looked at',
    answers: 'a pointer to `{"code", "detail"}` of the host function called before this one, 0 when that had no error',
    fails: '-',
  }),

  proxy_get_attrs: unary(undefined, { takes: 'nothing', answers: 'a pointer to `{key: value}` of all attributes', fails: '-' }),
  proxy_get_attr: pair(undefined, { takes: 'a key', answers: 'a pointer to the value as JSON', fails: '0, as for an attribute that is not there' }),
  proxy_set_attr: pair(undefined, { takes: '`{"key", "value"}`, the value any JSON', answers: '1', fails: '0' }),
  proxy_del_attr: pair(undefined, { takes: 'a key', answers: '1 when it was there, else 0', fails: '0' }),
  proxy_clear_attrs: unary(undefined, { takes: 'nothing', answers: '0', fails: '-' }),

  proxy_state: unary('state:read', { takes: 'nothing', answers: 'a pointer to the state, see below', fails: '-' }),
  proxy_state_value: pair('state:read', {
    takes: '`{"entity", "id"?}`',
    answers: 'a pointer to the list, to the one with that id, or to `null`',
    fails: 'a pointer to `null`',
  }),
  proxy_global_config: unary('state:read', { takes: 'nothing', answers: 'a pointer to the configuration as JSON, see below', fails: '-' }),
  proxy_config: unary('config:read', { takes: 'nothing', answers: 'a pointer to settings of the node as JSON, see below', fails: '-' }),
  proxy_cluster_state: unary('config:read', { takes: 'nothing', answers: 'a pointer to the state of the node as JSON, see below', fails: '-' }),
  proxy_cluster_state_value: pair('config:read', {
    takes: 'a path with dots, such as `name`',
    answers: 'a pointer to the value as JSON, to `null` when there is none',
    fails: 'a pointer to `null`',
  }),

  ...mapFunctions('proxy_plugin_map', 'plugin_map'),
  ...mapFunctions('proxy_global_map', 'global_map'),
  ...datastoreFunctions('proxy_plugin_datastore', 'plugin_datastore'),
  ...datastoreFunctions('proxy_datastore', 'global_datastore'),
};

/** The Extism kernel, always linked: `extism:host/env`, and for old modules `env.extism_*`. */
export const kernelFunctions: Readonly<Record<string, Pick<HostFunction, 'params' | 'result'>>> = {
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

/** `(pointer, size) -> pointer or number`, the shape of nearly all of Otoroshi's host functions. */
function pair(grant: Grant | undefined, about: HostFunctionText): HostFunction {
  return { params: ['i64', 'i64'], result: 'i64', about, ...(grant === undefined ? {} : { grant }) };
}

/** One number that is not looked at. */
function unary(grant: Grant | undefined, about: HostFunctionText): HostFunction {
  return { params: ['i64'], result: 'i64', about, ...(grant === undefined ? {} : { grant }) };
}

function mapFunctions(prefix: string, name: 'plugin_map' | 'global_map'): Record<string, HostFunction> {
  const [read, write] = [`${name}:read`, `${name}:write`] as const;
  return {
    [prefix]: unary(read, {
      takes: 'nothing',
      answers: 'a pointer to `{key: base64 of the value}` of the whole map',
      fails: errorBlock,
    }),
    [`${prefix}_get`]: pair(read, { takes: 'a key', answers: 'a pointer to the value', fails: '0, as for a key that is not there' }),
    [`${prefix}_keys`]: pair(read, { takes: 'a query, see below', answers: 'a pointer to the keys, see below', fails: errorBlock }),
    [`${prefix}_set`]: pair(write, { takes: '`{"key", "value"}`', answers: '0', fails: '2 for a bad argument, else 5' }),
    [`${prefix}_setnx`]: pair(write, { takes: '`{"key", "value"}`', answers: '0 when it is set, 4 when the key was there', fails: '2, 5' }),
    [`${prefix}_cas`]: pair(write, {
      takes: '`{"key", "expected", "value"}`',
      answers: '0 when it is swapped, 4 when the value is not the expected one',
      fails: '2, 5',
    }),
    [`${prefix}_incrby`]: pair(write, { takes: '`{"key", "incr"}`', answers: 'the new value', fails: 'the least i64, -2^63' }),
    [`${prefix}_del`]: pair(write, {
      takes: 'a key',
      answers: 'a pointer to the text `StatusOK`, whether it was there or not',
      fails: 'a pointer to `StatusBadArgument` or `StatusInternalFailure`',
    }),
  };
}

function datastoreFunctions(prefix: string, name: 'plugin_datastore' | 'global_datastore'): Record<string, HostFunction> {
  const [read, write] = [`${name}:read`, `${name}:write`] as const;
  return {
    [`${prefix}_keys`]: pair(read, { takes: 'a query, see below', answers: 'a pointer to the keys, see below', fails: errorBlock }),
    [`${prefix}_all_matching`]: pair(read, { takes: 'a query, see below', answers: 'a pointer to the values, see below', fails: errorBlock }),
    [`${prefix}_get`]: pair(read, { takes: 'a key', answers: 'a pointer to the value', fails: '0, as for a key that is not there' }),
    [`${prefix}_exists`]: pair(read, { takes: 'a key', answers: '1 or 0', fails: '0' }),
    [`${prefix}_pttl`]: pair(read, { takes: 'a key', answers: 'milliseconds to live, -1 without an end, -2 when it is not there', fails: '-3' }),
    [`${prefix}_set`]: pair(write, { takes: '`{"key", "value"}`', answers: '1', fails: '0' }),
    [`${prefix}_setnx`]: pair(write, { takes: '`{"key", "value"}`', answers: '1 when it is set, 0 when the key was there', fails: '0' }),
    [`${prefix}_cas`]: pair(write, { takes: '`{"key", "expected", "value"}`', answers: '1 when it is swapped, else 0', fails: '0' }),
    [`${prefix}_incrby`]: pair(write, { takes: '`{"key", "incr"}`', answers: 'the new value', fails: 'the least i64, -2^63' }),
    [`${prefix}_pexpire`]: pair(write, { takes: '`{"key", "pttl"}`, milliseconds', answers: '1, or 0 when it is not there', fails: '0' }),
    [`${prefix}_del`]: pair(write, { takes: '`{"keys": [...]}`', answers: 'how many there were', fails: '-1' }),
  };
}
