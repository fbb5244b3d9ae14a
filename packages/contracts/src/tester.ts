import { z } from 'zod';
import { idPrefixes, NodeId, RouteId } from './ids.js';
import { Settings } from './settings.js';
import { SnapshotPlugin, SnapshotRoute, SnapshotSlot } from './snapshot.js';

/** What bounds the tester and its reports; docs/tester.md lists them. */
export const testerLimits = {
  /** Of the request that is tried. */
  requestBodyMaxBytes: 1024 * 1024,
  /** Of a response, as it is answered; the rest is cut. */
  responseBodyMaxBytes: 1024 * 1024,
  /** A response that is longer is broken off. */
  responseReadMaxBytes: 16 * 1024 * 1024,
  timeoutDefaultMs: 30_000,
  timeoutMaxMs: 120_000,
  draftRoutesMax: 100,
  draftPluginsMax: 16,
  /** Of each of the four stores that a plugin of a draft has for itself while its request is tried (bytes). */
  draftStoreMaxBytes: 1024 * 1024,
  tokenDefaultSeconds: 600,
  tokenMaxSeconds: 3_600,
  /** Requests with a token that one data thread notes down at once; one more is served as any other. */
  recordedAtOnceMax: 16,
  /** Requests that one node tries at once. */
  triedAtOnceMax: 8,
  /** Reports of requests with a token that one node keeps, and for how long (ms). */
  reportsKeptMax: 200,
  reportKeptMs: 600_000,
  /** In a report, beyond which the rest is counted but left out. */
  candidatesMax: 50,
  stepsMax: 256,
  hostCallsMax: 200,
  logLinesMax: 200,
  /** Characters of each input and output of a plugin, and of each value of a header. */
  textMaxChars: 16_384,
  /** Of all that a report says of plugins (characters of JSON). */
  pluginReportsMaxChars: 4 * 1024 * 1024,
} as const;

/** Header that asks for a report: a token, which neither plugins nor targets see. */
export const debugHeader = 'x-torii-debug';
/** Header on the answer to a request that is reported: the report's id. */
export const reportHeader = 'x-torii-report';

/** The id of a report on that node; `unique` is 32 hex digits. */
export function reportIdOn(node: NodeId, unique: string): string {
  return `rp_${node.slice(idPrefixes.node.length + 1)}_${unique}`;
}

/** The node that has the report of that id; undefined for what is no such id. */
export function nodeOfReport(id: string): NodeId | undefined {
  const [, node] = /^rp_([0-9a-f-]{36})_[0-9a-f]{32}$/.exec(id) ?? [];
  return NodeId.safeParse(`${idPrefixes.node}_${node}`).data;
}

const headerName = z.string().regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}$/, 'is no name of a header');
/** RFC 9110 section 5.5, as Latin-1. */
const headerValue = z
  .string()
  .max(16_384)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a header value must not hold
  .regex(/^[^\u0000-\u0008\u000a-\u001f\u007f\u0100-\uffff]*$/, 'holds a character that a header may not hold');

/** The request to try. Where it goes is said by `url`, or by `host`, `path` and `query`. */
export const TestedRequest = z.strictObject({
  method: z
    .string()
    .regex(/^[A-Z]{1,32}$/, 'must be a method such as GET')
    .refine((method) => method !== 'CONNECT', 'must not be CONNECT')
    .default('GET'),
  url: z.string().max(8_192).optional(),
  host: z.string().max(261).optional(),
  path: z.string().max(8_192).optional(),
  query: z.record(z.string(), z.union([z.string(), z.array(z.string())])).optional(),
  headers: z.record(headerName, z.union([headerValue, z.array(headerValue)])).default({}),
  cookies: z.array(z.strictObject({ name: headerName, value: headerValue })).default([]),
  body: z.string().optional(),
  /** Instead of `body`, for what is no text. */
  body_base64: z.base64().optional(),
});
export type TestedRequest = z.infer<typeof TestedRequest>;

/** What the tester is asked. */
export const TesterRequest = z.strictObject({
  request: TestedRequest,
  /** Id or name of the node that is to answer, of several of one name any live one; any live one of all when left out. */
  node: z.string().max(256).optional(),
  timeoutMs: z.int().min(1).max(testerLimits.timeoutMaxMs).default(testerLimits.timeoutDefaultMs),
  /** Laid over the saved configuration, for this request alone. */
  draft: z
    .strictObject({
      /** As they would be saved: one with the name of a saved route takes its place. */
      routes: z.array(z.record(z.string(), z.unknown())).max(testerLimits.draftRoutesMax).default([]),
      /** Saved routes, by name or id, to do without. */
      without: z.array(z.string().max(128)).max(testerLimits.draftRoutesMax).default([]),
      /** As they would be saved: one with the name of a saved plugin takes its place, in saved routes and settings too. */
      plugins: z.array(z.record(z.string(), z.unknown())).max(testerLimits.draftPluginsMax).default([]),
      /** In the place of the saved ones. */
      settings: Settings.optional(),
    })
    .optional(),
});
export type TesterRequest = z.infer<typeof TesterRequest>;

/** A draft as a node takes it: what differs from the configuration it serves. */
export const TrialDraft = z.strictObject({
  /** Those of the draft, and saved ones that run a plugin of it. */
  routes: z.array(SnapshotRoute).max(testerLimits.draftRoutesMax),
  without: z.array(RouteId).max(2 * testerLimits.draftRoutesMax),
  /** All that the routes, and the slots of all routes, run. */
  plugins: z.array(SnapshotPlugin),
  /** Of all routes, routers and sinks, in the place of those of the configuration; left out where the draft leaves them alone. */
  globalPlugins: z.array(SnapshotSlot).optional(),
  /** Plugins that are not saved, as `pluginVersionKey` has them: they have stores of their own, which go with the request. */
  scratch: z.array(z.string()).max(testerLimits.draftPluginsMax).optional(),
});
export type TrialDraft = z.infer<typeof TrialDraft>;

/** What a node is asked: one request as it goes over the wire. */
export const Trial = z.strictObject({
  method: z.string(),
  /** In origin form. */
  target: z.string(),
  /** Name and value in turn, `Host` among them. */
  rawHeaders: z.array(z.string()),
  bodyBase64: z.base64(),
  timeoutMs: z.int().min(1).max(testerLimits.timeoutMaxMs),
  draft: TrialDraft.optional(),
});
export type Trial = z.infer<typeof Trial>;

const span = {
  /** Milliseconds since 1970, and the same as text (ISO 8601). */
  start: z.number(),
  start_fmt: z.string(),
  stop: z.number(),
  stop_fmt: z.string(),
  /** Whole milliseconds. */
  duration: z.int(),
  duration_ns: z.int(),
};

/** One step of a request, in Otoroshi's form; what `ctx` holds is its task's, and described in docs/tester.md. */
export const ReportStep = z.strictObject({ task: z.string(), ...span, ctx: z.record(z.string(), z.unknown()) });
export type ReportStep = z.infer<typeof ReportStep>;

/** What happened to one request, readable by who knows Otoroshi's reports; docs/tester.md describes it. */
export const Report = z.strictObject({
  id: z.string(),
  creation: z.string(),
  termination: z.string(),
  duration: z.int(),
  duration_ns: z.int(),
  /** All but the call of the target: before it and after it. */
  overhead: z.int(),
  overhead_ns: z.int(),
  overhead_in: z.int(),
  overhead_in_ns: z.int(),
  overhead_out: z.int(),
  overhead_out_ns: z.int(),
  state: z.enum(['Successful', 'Failed']),
  steps: z.array(ReportStep),
  /** What Otoroshi does not say. */
  torii: z.record(z.string(), z.unknown()),
});
export type Report = z.infer<typeof Report>;

const AnsweredResponse = z.strictObject({
  status: z.int(),
  headers: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
  /** Where it is valid UTF-8, else `body_base64`. */
  body: z.string().optional(),
  body_base64: z.string().optional(),
  /** Bytes that were received. */
  bytes: z.int(),
  /** Whether there was more than is given here. */
  truncated: z.boolean(),
});

/** What the tester answers. */
export const TesterAnswer = z.strictObject({
  /** Null when there was none. */
  response: AnsweredResponse.nullable(),
  /** Why there is no response, or no report. */
  error: z.strictObject({ code: z.enum(['no_response', 'no_report']), detail: z.string() }).nullable(),
  /** Null when the node refused the request before it looked at it, or had not done with it in time. */
  report: Report.nullable(),
});
export type TesterAnswer = z.infer<typeof TesterAnswer>;

/** What a token is asked for. */
export const DebugTokenRequest = z.strictObject({
  /** Name or id of the only route whose requests are reported; all routes when left out. */
  route: z.string().max(128).optional(),
  expiresInSeconds: z.int().min(1).max(testerLimits.tokenMaxSeconds).default(testerLimits.tokenDefaultSeconds),
});
export type DebugTokenRequest = z.infer<typeof DebugTokenRequest>;

export const DebugToken = z.strictObject({
  token: z.string(),
  /** The request header to send it in. */
  header: z.string(),
  expiresAt: z.iso.datetime(),
  route: z.strictObject({ id: RouteId, name: z.string() }).nullable(),
});
export type DebugToken = z.infer<typeof DebugToken>;
