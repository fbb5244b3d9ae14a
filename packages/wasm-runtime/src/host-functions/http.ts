import { z } from 'zod';
import type { ObservedHttpCall } from '../call-observer.js';
import type { EgressResponse } from '../egress/egress.js';
import { EgressError, type EgressErrorCode } from '../egress/egress-error.js';
import { urlMaxLength, urlTooLong } from '../egress/hop.js';
import type { Guest } from '../guest.js';
import { jsonOf, readJson } from './read-argument.js';
import { answering, type ServedFunctions, suspending } from './served-function.js';

/** Checking each costs microseconds of the thread, in one go. */
const entriesMax = 256;

const HeaderValue = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const Headers = z.unknown().refine(isSmall, 'too many headers').pipe(z.record(z.string(), HeaderValue).nullish());
const QueryValue = z.union([HeaderValue, z.unknown().refine(isSmall, 'too many values').pipe(z.array(HeaderValue))]);
const Query = z.unknown().refine(isSmall, 'too many parameters').pipe(z.record(z.string(), QueryValue).nullish());

/** What Extism's PDKs pass as the first argument of `http_request`; some call the headers `header`. */
const KernelRequest = z.object({
  url: z.string(),
  method: z.string().nullish(),
  headers: Headers.optional(),
  header: Headers.optional(),
});

/** Extism's HTTP: the answer's body is a block, its status and headers are asked for separately. Refused or failed, the status is 0. */
export const kernelHttp: ServedFunctions = {
  http_request: suspending((guest, [requestPointer = 0, bodyPointer = 0]) => {
    guest.lastHttp = { status: 0, headers: {} };
    guest.run.countHttpCall();
    const parsed = KernelRequest.safeParse(jsonOf(guest.takeBlock(requestPointer)));
    if (!parsed.success) {
      guest.log.warn({}, 'http_request with a request that cannot be read');
      return 0;
    }
    const { url, method, headers, header } = parsed.data;
    const body = bodyPointer === 0 ? undefined : guest.takeBlock(bodyPointer).slice();
    return kernelRequest(guest, { url, method: method ?? 'GET', headers: headers ?? header ?? {}, body });
  }),

  http_status_code: answering((guest) => guest.lastHttp.status),

  http_headers: answering((guest) => guest.give(JSON.stringify(guest.lastHttp.headers))),
};

async function kernelRequest(guest: Guest, request: OutboundRequest): Promise<number> {
  try {
    const answer = await send(guest, { ...request, followRedirects: true });
    guest.lastHttp = { status: answer.status, headers: answer.headers };
    return guest.give(answer.body);
  } catch (error) {
    const { code, message } = egressErrorOf(error);
    guest.log.warn({ reason: code, detail: message }, 'http_request failed');
    return 0;
  }
}

/** CONTRACTS.md section 2.1. */
const ProxyRequest = z.object({
  url: z.string(),
  method: z.string().nullish(),
  headers: Headers.optional(),
  query: Query.optional(),
  request_timeout: z.number().min(0).nullish(),
  follow_redirects: z.boolean().nullish(),
  body_str: z.string().nullish(),
  body: z.string().nullish(),
  body_json: z.unknown().optional(),
  body_base64: z.string().nullish(),
  // By hand: a million numbers take zod a third of a second.
  body_bytes: z.custom<number[] | null>(isByteList).optional(),
});
type ProxyRequest = z.infer<typeof ProxyRequest>;

/** What the guest reads as JSON; with `error` it is the host that answers, nobody else has. */
interface ProxyAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body_base64: string;
  readonly error?: { readonly code: EgressErrorCode; readonly detail: string };
}

export const proxyHttp: ServedFunctions = {
  proxy_http_call: suspending((guest, args) => {
    guest.run.countHttpCall();
    const asked = readJson(guest, args, ProxyRequest);
    if (asked === undefined)
      return storeAnswer(guest, failure(new EgressError('bad_request', guest.lastError?.detail ?? 'the argument is no request')));
    return proxyCall(guest, asked);
  }),
};

async function proxyCall(guest: Guest, asked: ProxyRequest): Promise<number> {
  try {
    const answer = await send(guest, {
      url: withQuery(asked),
      method: asked.method ?? 'GET',
      headers: asked.headers ?? {},
      body: bodyOf(asked),
      followRedirects: asked.follow_redirects ?? false,
      timeoutMs: asked.request_timeout ?? undefined,
    });
    return storeAnswer(guest, { status: answer.status, headers: answer.headers, body_base64: Buffer.from(answer.body).toString('base64') });
  } catch (error) {
    const failed = egressErrorOf(error);
    guest.refuse('http', `${failed.code}: ${failed.message}`);
    return storeAnswer(guest, failure(failed));
  }
}

/** Everything else is 502: what came, if anything, is no answer. */
const failureStatuses: Partial<Readonly<Record<EgressErrorCode, number>>> = { bad_request: 400, egress_refused: 403, busy: 503, timeout: 504 };

/** Otoroshi answers a forbidden host with a response of its own; so does every other failure here, with an error beside. */
function failure({ code, message }: EgressError): ProxyAnswer {
  return {
    status: failureStatuses[code] ?? 502,
    headers: { 'content-type': 'text/plain' },
    body_base64: Buffer.from(message).toString('base64'),
    error: { code, detail: message },
  };
}

function storeAnswer(guest: Guest, answer: ProxyAnswer): number {
  return guest.give(JSON.stringify(answer));
}

/** Not for what it is, which is checked next, only for how much there is of it. */
function isSmall(value: unknown): boolean {
  return typeof value !== 'object' || value === null || Object.keys(value).length <= entriesMax;
}

function isByteList(value: unknown): boolean {
  return value === null || (Array.isArray(value) && value.every((byte) => Number.isInteger(byte) && byte >= -128 && byte <= 255));
}

/** Looks at lengths first, and puts the whole together once: with every parameter added to a URL all of it is written anew. */
function withQuery({ url, query }: ProxyRequest): string {
  if (query === null || query === undefined) return url;
  const parameters = Object.entries(query).flatMap(([name, value]) => [value].flat().map((one): [string, string] => [name, one]));
  const length = parameters.reduce((sum, [name, value]) => sum + name.length + value.length, url.length);
  if (length > urlMaxLength) throw urlTooLong();
  const parsed = URL.parse(url);
  if (parsed === null || parameters.length === 0) return url;
  parsed.search = `${parsed.search === '' ? '' : `${parsed.search}&`}${new URLSearchParams(parameters)}`;
  return parsed.href;
}

function bodyOf(asked: ProxyRequest): Uint8Array | undefined {
  if (typeof asked.body_str === 'string') return Buffer.from(asked.body_str);
  if (typeof asked.body === 'string') return Buffer.from(asked.body);
  if (asked.body_json !== undefined && asked.body_json !== null) return Buffer.from(JSON.stringify(asked.body_json));
  if (typeof asked.body_base64 === 'string') return Buffer.from(asked.body_base64, 'base64');
  return Array.isArray(asked.body_bytes) ? Uint8Array.from(asked.body_bytes) : undefined;
}

interface OutboundRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
}

async function send(
  guest: Guest,
  { body, timeoutMs, ...request }: OutboundRequest & { followRedirects: boolean; timeoutMs?: number | undefined },
): Promise<EgressResponse> {
  const { run, spec } = guest;
  // From here on the guest is suspended: connecting is not on its CPU budget, only reading what it asked for is.
  await Promise.resolve();
  const observed = run.observer?.beginHttpCall?.(request);
  const sent = guest.egress.request({
    ...request,
    ...(observed === undefined ? {} : { headers: withHeaders(request.headers, observed.headers) }),
    ...(body === undefined ? {} : { body }),
    allowedHosts: spec.allowedHosts,
    pluginId: spec.pluginId,
    allowPrivate: spec.allowPrivate,
    timeoutMs: Math.min(timeoutMs ?? Number.POSITIVE_INFINITY, run.remainingMs),
    signal: run.signal,
  });
  return observed === undefined ? sent : observedAnswer(observed, sent);
}

async function observedAnswer(observed: ObservedHttpCall, sent: Promise<EgressResponse>): Promise<EgressResponse> {
  try {
    const answer = await sent;
    observed.end({ status: answer.status, code: undefined });
    return answer;
  } catch (error) {
    observed.end({ status: undefined, code: egressErrorOf(error).code });
    throw error;
  }
}

function withHeaders(headers: Readonly<Record<string, string>>, added: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => !Object.hasOwn(added, name.toLowerCase()));
  return Object.fromEntries([...kept, ...Object.entries(added)]);
}

function egressErrorOf(error: unknown): EgressError {
  return error instanceof EgressError ? error : new EgressError('unreachable', 'the call failed', error);
}
