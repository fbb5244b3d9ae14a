/** Who must act when an error happens; also the label it has in metrics. */
export type ErrorOwner = 'client' | 'routing' | 'config' | 'plugin' | 'upstream' | 'capacity' | 'platform';

interface ErrorDefinition {
  readonly status: number;
  readonly title: string;
  /** Seconds a caller should wait before it tries again, sent as `Retry-After`. */
  readonly retryAfterSeconds?: number;
}

/** Every error there is. docs/errors.md has a section for each code; a test fails when the two differ. */
export const errorTable = {
  'client.bad_request': { status: 400, title: 'The request cannot be parsed' },
  'client.unauthenticated': { status: 401, title: 'A valid admin key is needed' },
  'client.forbidden': { status: 403, title: 'The key lacks the scope for this' },
  'client.not_found': { status: 404, title: 'There is no such thing' },
  'client.request_timeout': { status: 408, title: 'The request did not arrive in time' },
  'client.conflict': { status: 409, title: 'This conflicts with what is already there' },
  'client.stale_revision': { status: 412, title: 'The entity has changed since it was read' },
  'client.body_too_large': { status: 413, title: 'The request body is too large' },
  'client.unsupported_media_type': { status: 415, title: 'The content type is not accepted here' },
  'client.invalid': { status: 422, title: 'The request is well formed but not valid' },
  'client.gone': { status: 499, title: 'The client closed the connection' },
  'routing.no_route': { status: 404, title: 'No route matches the request' },
  'routing.method_not_allowed': { status: 405, title: 'The route does not accept this method' },
  'config.unknown_artifact': { status: 503, title: 'An artifact of the configuration cannot be fetched' },
  'config.digest_mismatch': { status: 503, title: 'The configuration or an artifact does not have the hash it was announced with' },
  'config.invalid_snapshot': { status: 503, title: 'The configuration cannot be read by this node' },
  'config.compile_failed': { status: 503, title: 'A module of the configuration cannot be prepared' },
  'config.not_ready': { status: 503, title: 'The node has no configuration yet', retryAfterSeconds: 1 },
  'plugin.trapped': { status: 502, title: 'The plugin stopped with a trap' },
  'plugin.failed': { status: 502, title: 'The plugin reported an error' },
  'plugin.bad_output': { status: 502, title: 'The plugin answered something that is not a valid output' },
  'plugin.unknown_route': { status: 502, title: 'The router chose a route that is not there' },
  'plugin.deadline_exceeded': { status: 504, title: 'The plugin did not finish in time' },
  'plugin.memory_exceeded': { status: 502, title: 'The plugin asked for more memory than it may have' },
  'plugin.limit_exceeded': { status: 502, title: 'The plugin went over one of its limits' },
  'plugin.grant_denied': { status: 502, title: 'The plugin used a host function it was not granted' },
  'plugin.quarantined': { status: 503, title: 'The plugin failed too often and is not called for a while', retryAfterSeconds: 1 },
  'upstream.unreachable': { status: 502, title: 'The upstream cannot be reached' },
  'upstream.reset': { status: 502, title: 'The upstream closed the connection' },
  'upstream.deadline_exceeded': { status: 504, title: 'The upstream did not answer in time' },
  'upstream.tls': { status: 502, title: 'The upstream failed the TLS handshake' },
  'capacity.pool_exhausted': { status: 503, title: 'All instances of the plugin are busy', retryAfterSeconds: 1 },
  'capacity.overloaded': { status: 503, title: 'The node is overloaded', retryAfterSeconds: 1 },
  'capacity.shutting_down': { status: 503, title: 'The node is shutting down', retryAfterSeconds: 1 },
  'platform.internal': { status: 500, title: 'Something went wrong on our side' },
  'platform.database': { status: 503, title: 'The database cannot be reached', retryAfterSeconds: 2 },
  'platform.storage': { status: 503, title: 'Artifacts and sources cannot be reached', retryAfterSeconds: 2 },
  'platform.no_node': { status: 503, title: 'No node can do this', retryAfterSeconds: 2 },
  'platform.node_silent': { status: 504, title: 'The node did not answer in time' },
  'platform.redis': { status: 503, title: 'Redis cannot be reached', retryAfterSeconds: 2 },
} as const satisfies Record<string, ErrorDefinition>;

export type ErrorCode = keyof typeof errorTable;

/** One thing that is wrong with a field of the request. */
export interface FieldIssue {
  /** JSON pointer (RFC 6901) into the request body, or `?name` for a query parameter. */
  readonly pointer: string;
  readonly detail: string;
  /** `not_available`: a value that is understood, but whose feature is not there yet. */
  readonly code?: 'not_available' | 'unknown_field' | 'missing_grant' | 'unknown_import' | 'missing_export' | 'unknown_reference';
}

export interface AppErrorOptions {
  /** Safe for callers to see. */
  readonly detail?: string;
  /** For logs only. */
  readonly cause?: unknown;
  readonly issues?: readonly FieldIssue[];
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * An error of the world, not of our code: its code decides status, title and owner.
 *
 * Only faults of ours have a stack: what others do wrong is said by code and detail, happens as often as they like, and a
 * stack costs more than all else about an answer.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly detail: string | undefined;
  readonly issues: readonly FieldIssue[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    const { stackTraceLimit } = Error;
    if (ownerOf(code) !== 'platform') Error.stackTraceLimit = 0;
    super(options.detail ?? errorTable[code].title, options.cause === undefined ? undefined : { cause: options.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.name = 'AppError';
    this.code = code;
    this.detail = options.detail;
    this.issues = options.issues ?? [];
    const retryAfterSeconds = definitionOf(code).retryAfterSeconds;
    this.headers = retryAfterSeconds === undefined ? (options.headers ?? {}) : { 'retry-after': String(retryAfterSeconds), ...options.headers };
  }

  get status(): number {
    return errorTable[this.code].status;
  }

  get owner(): ErrorOwner {
    return ownerOf(this.code);
  }

  /** The same error when it is one of ours; anything else becomes `platform.internal` with the original as cause. */
  static from(error: unknown): AppError {
    return error instanceof AppError ? error : new AppError('platform.internal', { cause: error });
  }
}

export function ownerOf(code: ErrorCode): ErrorOwner {
  return code.slice(0, code.indexOf('.')) as ErrorOwner;
}

/** Wire form of an error on both planes: RFC 9457 `application/problem+json`. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly code: ErrorCode;
  readonly requestId: string;
  readonly errors?: readonly FieldIssue[];
}

export function problemOf(error: AppError, requestId: string): Problem {
  return {
    type: `urn:torii:error:${error.code}`,
    title: errorTable[error.code].title,
    status: error.status,
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    code: error.code,
    requestId,
    ...(error.issues.length === 0 ? {} : { errors: error.issues }),
  };
}

function definitionOf(code: ErrorCode): ErrorDefinition {
  return errorTable[code];
}
