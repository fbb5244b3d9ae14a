import { z } from 'zod';
import { EntityName, RouteId } from './ids.js';
import { Tags } from './plugin.js';
import { parseTemplate, withoutExpressions } from './route-template.js';
import { UpstreamTarget } from './upstream.js';

const label = '[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?';
const hostPattern = new RegExp(`^(\\*|${label})(\\.(\\*|${label}))*$`, 'i');

/** A host without scheme or port: exact, `*.suffix`, or with one `*` label inside (`a.*.b`). Case does not matter. */
export const HostPattern = z
  .string()
  .max(253)
  .regex(hostPattern, 'must be a host name without scheme or port, such as api.example.com or *.example.com')
  .refine((host) => (host.match(/\*/g)?.length ?? 0) <= 1, 'may hold one * only')
  .refine((host) => host !== '*', 'leave hosts empty to match every host')
  .transform((host) => host.toLowerCase());

const pathSegmentsMax = 256;

/** Why no request could have this path; a node refuses such requests, and would refuse a configuration with such a route. */
function pathProblem(path: string): string | undefined {
  if (!path.startsWith('/')) return 'must begin with /';
  if (/[?#\s]/.test(path)) return 'must not hold ?, # or white space';
  const segments = path.slice(1).split('/');
  if (segments.length > pathSegmentsMax) return `may have ${pathSegmentsMax} segments`;
  for (const segment of segments) {
    const text = decoded(segment);
    if (text === undefined) return 'must not hold a broken percent escape';
    if (text === '.' || text === '..') return 'must not hold a . or .. segment';
  }
  return undefined;
}

function templateProblem(template: string): string | undefined {
  if (!template.startsWith('/')) return 'must begin with /';
  try {
    parseTemplate(template);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return pathProblem(withoutExpressions(template));
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function pathValue(problemOf: (path: string) => string | undefined) {
  return z
    .string()
    .max(2048)
    .superRefine((path, context) => {
      const message = problemOf(path);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    });
}

export const PathMatch = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('prefix'), value: pathValue(pathProblem) }),
  z.strictObject({ type: z.literal('exact'), value: pathValue(pathProblem) }),
  z.strictObject({ type: z.literal('template'), value: pathValue(templateProblem) }),
]);
export type PathMatch = z.infer<typeof PathMatch>;

export const Method = z
  .string()
  .regex(/^[A-Za-z]{1,20}$/, 'must be an HTTP method')
  .transform((method) => method.toUpperCase());

const fieldName = z.string().min(1).max(256);
/**
 * What a header, a query parameter or a cookie must be. Where there are several of a name, one of them must be so; `regex` and
 * `wildcard` (`*` for any text) must match all of it.
 */
export const ValueMatch = z.discriminatedUnion('type', [
  z.strictObject({ name: fieldName, type: z.literal('exact'), value: z.string().max(4096) }),
  z.strictObject({ name: fieldName, type: z.literal('regex'), value: z.string().max(4096) }),
  z.strictObject({ name: fieldName, type: z.literal('wildcard'), value: z.string().max(4096) }),
  z.strictObject({ name: fieldName, type: z.literal('exists') }),
  z.strictObject({ name: fieldName, type: z.literal('absent') }),
]);

export type ValueMatch = z.infer<typeof ValueMatch>;

/** All given parts must hold; an empty part holds for every request. A route matches when one of its matches does. */
export const RouteMatch = z.strictObject({
  hosts: z.array(HostPattern).max(256).default([]),
  paths: z.array(PathMatch).max(256).default([]),
  methods: z.array(Method).max(32).default([]),
  headers: z.array(ValueMatch).max(32).default([]),
  query: z.array(ValueMatch).max(32).default([]),
  cookies: z.array(ValueMatch).max(32).default([]),
});
export type RouteMatch = z.infer<typeof RouteMatch>;

/** A plugin by name or id; answered as its name. */
export const PluginReference = z.string().min(1).max(100);
export const VersionReference = z.union([z.literal('latest'), z.int().min(1)]);

/** Written as JSON: it is part of what the plugin is called with. */
const slotConfigMaxChars = 65_536;

/** How many plugins may stand in one list of slots. */
export const slotsMax = 64;

/** A plugin's place on a route, or on all of them. `include` and `exclude` are expressions that must match the whole path of a request. */
export const Slot = z.strictObject({
  plugin: PluginReference,
  version: VersionReference.default('latest'),
  enabled: z.boolean().default(true),
  include: z.array(z.string().max(1024)).max(64).default([]),
  exclude: z.array(z.string().max(1024)).max(64).default([]),
  config: z
    .record(z.string(), z.json())
    .refine((config) => JSON.stringify(config).length <= slotConfigMaxChars, `may have ${slotConfigMaxChars} characters as JSON`)
    .default({}),
  onError: z.enum(['fail', 'skip']).default('fail'),
});

/** The most a static target may answer. */
const staticBodyMaxChars = 262_144;
// What a header may hold, RFC 9110 section 5.5.
const headerName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/;
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Headers of the connection and of the message's framing, which nodes set themselves. */
const framingHeaders = new Set(['connection', 'content-length', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade']);

const StaticHeaders = z
  .record(
    z.string().regex(headerName, 'is no name of a header'),
    z.string().max(8192).regex(headerValue, 'holds a character that a header may not hold'),
  )
  .superRefine((headers, context) => {
    for (const name of Object.keys(headers)) {
      if (framingHeaders.has(name.toLowerCase())) context.addIssue({ code: 'custom', path: [name], message: 'is set by the node: leave it out' });
    }
  });

function isLocation(url: string): boolean {
  if (/[^\x21-\x7e]/.test(url)) return false;
  if (url.startsWith('/')) return !url.startsWith('//');
  return URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol);
}

const RedirectStatus = z.literal([301, 302, 303, 307, 308]);
const bodilessStatuses = new Set([204, 205, 304]);

const StaticTarget = z
  .strictObject({
    kind: z.literal('static'),
    status: z.int().min(200).max(599).default(200),
    headers: StaticHeaders.default({}),
    body: z.string().max(staticBodyMaxChars).default(''),
  })
  .superRefine(({ status, body }, context) => {
    if (body !== '' && bodilessStatuses.has(status))
      context.addIssue({ code: 'custom', path: ['body'], message: `an answer of status ${status} has no body` });
  });

export const Target = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('function'),
    plugin: PluginReference,
    version: VersionReference.default('latest'),
    /** Answers where the function says `delegates_call`. */
    upstream: UpstreamTarget.optional(),
  }),
  UpstreamTarget,
  z.strictObject({
    kind: z.literal('redirect'),
    url: z.string().max(2048).refine(isLocation, 'must be an http or https URL, or a path that begins with one /, with other characters escaped'),
    status: RedirectStatus.default(302),
  }),
  StaticTarget,
]);
export type Target = z.infer<typeof Target>;

/** What an admin writes; fields left out take their defaults. */
export const RouteSpec = z.strictObject({
  name: EntityName,
  enabled: z.boolean().default(true),
  tags: Tags.default([]),
  match: z.array(RouteMatch).min(1).max(64),
  priority: z.int().min(-1_000_000).max(1_000_000).default(0),
  stripPath: z.boolean().default(true),
  plugins: z.array(Slot).max(slotsMax).default([]),
  target: Target,
});
export type RouteSpec = z.infer<typeof RouteSpec>;
export type RouteSpecInput = z.input<typeof RouteSpec>;

/** A route as the API answers it. */
export const Route = RouteSpec.extend({ id: RouteId, createdAt: z.iso.datetime(), updatedAt: z.iso.datetime() });
export type Route = z.infer<typeof Route>;
