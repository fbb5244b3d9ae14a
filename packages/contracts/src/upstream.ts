import { z } from 'zod';

/** What bounds an upstream; docs/limits.md is generated from this table. */
export const upstreamLimits = {
  connectMs: { default: 2_000, min: 1, max: 60_000, unit: 'ms', description: 'Time to open a connection to a target, its TLS handshake included.' },
  headersMs: {
    default: 30_000,
    min: 1,
    max: 600_000,
    unit: 'ms',
    description: 'Time from the last byte of the request to the head of the response.',
  },
  idleMs: {
    default: 60_000,
    min: 1,
    max: 3_600_000,
    unit: 'ms',
    description: 'Time in which at least one byte of a body, or of an upgraded connection, must move.',
  },
  retries: { default: 1, min: 0, max: 10, unit: 'attempts', description: 'Further targets that are tried when a request provably did not start.' },
  connectionsMax: { default: 256, min: 1, max: 65_535, unit: 'connections', description: 'Connections to one target, over all threads of a node.' },
  queuedMax: {
    default: 1_024,
    min: 0,
    max: 100_000,
    unit: 'requests',
    description: 'Requests that may wait for a connection to one target, over all threads of a node; one more is answered 503.',
  },
  queueWaitMs: {
    default: 1_000,
    min: 0,
    max: 60_000,
    unit: 'ms',
    description: 'Time a request may wait for a connection before it is answered 503.',
  },
} as const;

type UpstreamLimitName = keyof typeof upstreamLimits;

function limit(name: UpstreamLimitName) {
  const { min, max, default: value } = upstreamLimits[name];
  return z.int().min(min).max(max).default(value);
}

function urlProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return 'is no URL';
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must be an http or https URL';
  if (url.username !== '' || url.password !== '') return 'must not hold a user or a password';
  if (/[?#]/.test(text)) return 'must not hold a query or a fragment: the query is that of the request';
  return undefined;
}

/** `http(s)://host[:port][/prefix]`: the prefix comes before the path of the request. */
const UpstreamUrl = z
  .string()
  .max(2048)
  .superRefine((text, context) => {
    const message = urlProblem(text);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });

const fieldName = z.string().regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/, 'is no name of a header');

/** One server of an upstream. */
export const UpstreamPeer = z.strictObject({
  url: UpstreamUrl,
  /** Its share of the requests beside that of the others; 0 takes it out. */
  weight: z.int().min(0).max(1_000).default(1),
  /** Used only while none of the others can be. */
  backup: z.boolean().default(false),
});
export type UpstreamPeer = z.infer<typeof UpstreamPeer>;

/** How a request finds its target. Both hashes send the same header or address to the same target as long as it can be used. */
export const Balancing = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('round_robin') }),
  z.strictObject({ type: z.literal('random') }),
  z.strictObject({ type: z.literal('least_connections') }),
  z.strictObject({ type: z.literal('power_of_two') }),
  z.strictObject({ type: z.literal('header_hash'), name: fieldName }),
  z.strictObject({ type: z.literal('ip_hash') }),
]);
export type Balancing = z.infer<typeof Balancing>;

const PassiveHealth = z.strictObject({
  /** Failures to connect, or to answer, in a row after which a target is left out; 0 for never. */
  failures: z.int().min(0).max(1_000).default(3),
  ejectMs: z.int().min(100).max(3_600_000).default(10_000),
});

/** A `GET` that each node sends each target. */
const ActiveHealth = z
  .strictObject({
    path: z
      .string()
      .max(2048)
      .regex(/^\/[\x21-\x7e]*$/, 'must begin with / and hold no white space'),
    intervalMs: z.int().min(100).max(3_600_000).default(5_000),
    timeoutMs: z.int().min(1).max(60_000).default(2_000),
    /** Successes in a row after which a target is used again. */
    healthyAfter: z.int().min(1).max(100).default(2),
    /** Failures in a row after which it is left out. */
    unhealthyAfter: z.int().min(1).max(100).default(3),
    statusMin: z.int().min(100).max(599).default(200),
    statusMax: z.int().min(100).max(599).default(399),
  })
  .refine(({ statusMin, statusMax }) => statusMin <= statusMax, { path: ['statusMax'], message: 'must not be less than statusMin' });

export const UpstreamHealth = z.strictObject({
  passive: PassiveHealth.prefault({}),
  active: ActiveHealth.optional(),
});
export type UpstreamHealth = z.infer<typeof UpstreamHealth>;

/** Of https targets. */
export const UpstreamTls = z.strictObject({
  /** What the certificate must be for, and what is asked for by SNI; the target's host when left out. */
  serverName: z.string().max(253).optional(),
  /** PEM; trusted beside the node's own authorities. */
  caPem: z.string().max(262_144).optional(),
  verify: z.boolean().default(true),
});
export type UpstreamTls = z.infer<typeof UpstreamTls>;

/** What `rewritePath` calls the part of the path that is left. */
export const rewriteRest = 'rest';

/** The certificates in a PEM text, whatever stands between them. */
export function pemCertificates(text: string): string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
}

/** A target that proxies to servers. */
export const UpstreamTarget = z
  .strictObject({
    kind: z.literal('upstream'),
    targets: z.array(UpstreamPeer).min(1).max(64),
    balancing: Balancing.default({ type: 'round_robin' }),
    /** Whether targets get the client's `Host` instead of their own. */
    preserveHost: z.boolean().default(false),
    /** The path that targets get, in which `${rest}` is what is left of the request's and `${name}` a parameter of the route's. */
    rewritePath: z
      .string()
      .max(2048)
      .regex(/^\/[\x21-\x7e]*$/, 'must begin with / and hold no white space')
      .optional(),
    timeouts: z.strictObject({ connectMs: limit('connectMs'), headersMs: limit('headersMs'), idleMs: limit('idleMs') }).prefault({}),
    retries: limit('retries'),
    connectionsMax: limit('connectionsMax'),
    queuedMax: limit('queuedMax'),
    queueWaitMs: limit('queueWaitMs'),
    health: UpstreamHealth.prefault({}),
    tls: UpstreamTls.prefault({}),
  })
  .refine(({ targets }) => targets.some(({ weight }) => weight > 0), { path: ['targets'], message: 'must hold one of weight above 0' });
export type UpstreamTarget = z.infer<typeof UpstreamTarget>;

type AnyTarget =
  | UpstreamTarget
  | { readonly kind: 'function'; readonly upstream?: UpstreamTarget | undefined }
  | { readonly kind: 'redirect' }
  | { readonly kind: 'static' };

/** The servers that requests to a target may go to: its own, or those that its function may leave requests to. */
export function upstreamOf(target: AnyTarget): UpstreamTarget | undefined {
  if (target.kind === 'upstream') return target;
  return target.kind === 'function' ? target.upstream : undefined;
}
