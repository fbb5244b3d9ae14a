import { z } from 'zod';
import type { EgressResponse } from '../egress/egress.js';
import { EgressError } from '../egress/egress-error.js';
import type { Guest } from '../guest.js';
import { answering, jsonOf, type ServedFunction, suspending } from './served-function.js';

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
export const kernelHttp: Readonly<Record<string, ServedFunction>> = {
  http_request: suspending((guest, [requestPointer = 0, bodyPointer = 0]) => {
    guest.lastHttp = { status: 0, headers: {} };
    guest.run.countHttpCall();
    const parsed = KernelRequest.safeParse(jsonOf(guest.kernel.block(requestPointer)));
    if (!parsed.success) {
      guest.run.log.warn({ pluginId: guest.spec.pluginId }, 'http_request with a request that cannot be read');
      return 0;
    }
    const { url, method, headers, header } = parsed.data;
    const body = bodyPointer === 0 ? undefined : guest.kernel.block(bodyPointer).slice();
    return kernelRequest(guest, { url, method: method ?? 'GET', headers: headers ?? header ?? {}, body });
  }),

  http_status_code: answering((guest) => guest.lastHttp.status),

  http_headers: answering((guest) => guest.kernel.store(JSON.stringify(guest.lastHttp.headers))),
};

async function kernelRequest(guest: Guest, request: OutboundRequest): Promise<number> {
  try {
    const answer = await send(guest, { ...request, followRedirects: true });
    guest.lastHttp = { status: answer.status, headers: answer.headers };
    return guest.kernel.store(answer.body);
  } catch (error) {
    const { code, message } = egressErrorOf(error);
    guest.run.log.warn({ pluginId: guest.spec.pluginId, reason: code, detail: message }, 'http_request failed');
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

/** What the guest reads as JSON; `error` and `message` are set when there was no answer. */
interface ProxyAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body_base64: string;
  readonly error?: string;
  readonly message?: string;
}

export const proxyHttp: Readonly<Record<string, ServedFunction>> = {
  proxy_http_call: suspending((guest, [pointer = 0, length = 0]) => {
    guest.run.countHttpCall();
    const parsed = ProxyRequest.safeParse(jsonOf(guest.kernel.read(pointer, length)));
    if (!parsed.success) return storeAnswer(guest, failure('bad_request', 'the argument is no request'));
    return proxyCall(guest, parsed.data);
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
    const { code, message } = egressErrorOf(error);
    guest.run.log.warn({ pluginId: guest.spec.pluginId, reason: code, detail: message }, 'proxy_http_call failed');
    return storeAnswer(guest, code === 'egress_refused' ? refusal(message) : failure(code, message));
  }
}

/** Otoroshi answers a forbidden host with a response of its own rather than with an error. */
function refusal(message: string): ProxyAnswer {
  return {
    status: 403,
    headers: { 'content-type': 'text/plain' },
    body_base64: Buffer.from(message).toString('base64'),
    error: 'egress_refused',
    message,
  };
}

function failure(error: string, message: string): ProxyAnswer {
  return { status: 0, headers: {}, body_base64: '', error, message };
}

function storeAnswer(guest: Guest, answer: ProxyAnswer): number {
  return guest.kernel.store(JSON.stringify(answer));
}

/** Not for what it is, which is checked next, only for how much there is of it. */
function isSmall(value: unknown): boolean {
  return typeof value !== 'object' || value === null || Object.keys(value).length <= entriesMax;
}

function isByteList(value: unknown): boolean {
  return value === null || (Array.isArray(value) && value.every((byte) => Number.isInteger(byte) && byte >= -128 && byte <= 255));
}

function withQuery({ url, query }: ProxyRequest): string {
  const parsed = URL.parse(url);
  if (parsed === null || query === null || query === undefined) return url;
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) parsed.searchParams.append(name, one);
  }
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
  return guest.egress.request({
    ...request,
    ...(body === undefined ? {} : { body }),
    allowedHosts: spec.allowedHosts,
    allowPrivate: spec.allowPrivate,
    timeoutMs: Math.min(timeoutMs ?? Number.POSITIVE_INFINITY, run.remainingMs),
    signal: run.signal,
  });
}

function egressErrorOf(error: unknown): EgressError {
  return error instanceof EgressError ? error : new EgressError('unreachable', 'the call failed', error);
}
