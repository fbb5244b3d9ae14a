import { isIP } from 'node:net';
import type { Readable } from 'node:stream';
import type { Clock, Logger } from '@torii/service-kit';
import { errors } from 'undici';
import { AddressGuard } from './address-guard.js';
import { isAllowedHost, normalHost } from './allowed-hosts.js';
import { EgressError } from './egress-error.js';
import { PinnedPools } from './pinned-pools.js';
import { joinedHeaders, sendableHeaders, withoutBodyHeaders, withoutCredentials } from './request-headers.js';
import { HostResolver, type ResolveHost, systemResolve } from './resolve-host.js';

export interface EgressOptions {
  /** Ranges that plugins with `allowPrivate` may reach. */
  readonly privateCidrs: readonly string[];
  /** Host name to the origin that stands in for it; consulted after the allow-list, instead of look-up and address checks. */
  readonly overrides: ReadonlyMap<string, URL>;
  /** 5 unless given. */
  readonly maxRedirects?: number;
  readonly connectTimeoutMs: number;
  /** The most one call may take, redirects included; 10,000 unless given. */
  readonly requestTimeoutMs?: number;
  /** The most bytes an answer's body may have; 10 MiB unless given. */
  readonly responseMaxBytes?: number;
  /** Calls under way at once in this thread; 256 unless given. */
  readonly maxConcurrent?: number;
  /** Stands in for the system's name look-up in tests. */
  readonly resolve?: ResolveHost;
}

export interface EgressRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Dropped for GET and HEAD. */
  readonly body?: Uint8Array;
  readonly allowedHosts: readonly string[];
  readonly allowPrivate: boolean;
  readonly followRedirects: boolean;
  /** Shortens the time the egress allows; it never lengthens it. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface EgressResponse {
  readonly status: number;
  /** Names in lower case, several values joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** The only way out of a guest. One per data thread. */
export interface Egress {
  /** Sends one request and reads its whole answer. Throws `EgressError`, nothing else. */
  request(request: EgressRequest): Promise<EgressResponse>;
  /** Drops every connection. */
  close(): Promise<void>;
}

interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
}

const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const methodPattern = /^[A-Z]{1,32}$/;
const urlMaxLength = 16_384;

export function createEgress(options: EgressOptions, deps: { readonly clock: Clock; readonly log: Logger }): Egress {
  const { maxRedirects = 5, requestTimeoutMs = 10_000, responseMaxBytes = 10 * 1024 * 1024, maxConcurrent = 256 } = options;
  const guard = new AddressGuard(options.privateCidrs);
  const resolver = new HostResolver(options.resolve ?? systemResolve, deps.clock);
  const pools = new PinnedPools(options.connectTimeoutMs);
  let underWay = 0;

  async function request(asked: EgressRequest): Promise<EgressResponse> {
    if (underWay >= maxConcurrent) throw new EgressError('busy', 'too many outbound calls are under way');
    underWay += 1;
    const timeoutMs = Math.min(asked.timeoutMs, requestTimeoutMs);
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), timeoutMs);
    const signal = AbortSignal.any([asked.signal, timeout.signal]);
    try {
      return await follow(firstHop(asked), asked, signal);
    } catch (error) {
      if (timeout.signal.aborted) throw new EgressError('timeout', `no complete answer within ${Math.round(timeoutMs)} ms`, error);
      if (asked.signal.aborted) throw new EgressError('aborted', 'the call was cancelled', error);
      throw toEgressError(error);
    } finally {
      clearTimeout(timer);
      underWay -= 1;
    }
  }

  /** Every hop goes through all checks again: an allowed host may redirect anywhere. */
  async function follow(first: Hop, asked: EgressRequest, signal: AbortSignal): Promise<EgressResponse> {
    let hop = first;
    for (let redirects = 0; ; redirects += 1) {
      const answer = await send(hop, asked, signal);
      const location = answer.headers.location;
      if (!asked.followRedirects || location === undefined || !redirectStatuses.has(answer.status)) return answer;
      if (redirects >= maxRedirects) throw new EgressError('too_many_redirects', `more than ${maxRedirects} redirects`);
      hop = redirected(hop, answer.status, location);
    }
  }

  async function send(hop: Hop, asked: EgressRequest, signal: AbortSignal): Promise<EgressResponse> {
    const target = await targetOf(hop.url, asked, signal);
    const headers = { ...hop.headers, host: hop.url.host };
    const path = hop.url.pathname + hop.url.search;
    const pool = pools.poolFor(target.origin, target.addresses);
    const response = await pool.request({ path, method: hop.method, headers, body: hop.body ?? null, signal });
    const { statusCode: status, body } = response;
    const answerHeaders = joinedHeaders(response.headers);
    if (asked.followRedirects && redirectStatuses.has(status)) {
      // Its body is of no use; reading a little of it lets the connection be kept.
      await body.dump({ limit: 16_384, signal }).catch(() => undefined);
      return { status, headers: answerHeaders, body: new Uint8Array(0) };
    }
    // The answer to HEAD tells the length of a body that does not come.
    const announced = hop.method === 'HEAD' ? 0 : Number(answerHeaders['content-length'] ?? 0);
    return { status, headers: answerHeaders, body: await readBounded(body, announced, responseMaxBytes) };
  }

  async function targetOf(url: URL, asked: EgressRequest, signal: AbortSignal): Promise<{ origin: string; addresses?: readonly string[] }> {
    if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new EgressError('egress_refused', `the scheme ${url.protocol} is not allowed`);
    if (url.username !== '' || url.password !== '') throw new EgressError('egress_refused', 'credentials in a URL are not allowed');
    const host = normalHost(url.hostname);
    if (!isAllowedHost(url, asked.allowedHosts)) throw new EgressError('egress_refused', `you cannot access host: ${host}`);
    const override = options.overrides.get(host);
    if (override !== undefined) return { origin: override.origin };
    const literal = host.startsWith('[') ? host.slice(1, -1) : host;
    const addresses = isIP(literal) === 0 ? await resolver.addressesOf(host, signal) : [literal];
    // One bad address spoils the name: which of them gets connected is not ours to choose.
    if (!addresses.every((address) => guard.allows(address, asked.allowPrivate))) {
      throw new EgressError('egress_refused', `you cannot access host: ${host} (its address is not allowed)`);
    }
    return { origin: url.origin, addresses };
  }

  return { request, close: () => pools.close() };
}

function firstHop(asked: EgressRequest): Hop {
  const method = asked.method.toUpperCase();
  if (!methodPattern.test(method) || method === 'CONNECT') throw new EgressError('bad_request', 'the method cannot be sent');
  const hasBody = method !== 'GET' && method !== 'HEAD';
  return { url: parseUrl(asked.url), method, headers: sendableHeaders(asked.headers), body: hasBody ? asked.body : undefined };
}

function parseUrl(text: string, base?: URL): URL {
  if (text.length > urlMaxLength) throw new EgressError('bad_request', 'the URL is too long');
  const url = URL.parse(text, base);
  if (url === null) throw new EgressError('bad_request', 'the URL cannot be read');
  return url;
}

/** What to send next, as https://fetch.spec.whatwg.org/#http-redirect-fetch has it. */
function redirected(hop: Hop, status: number, location: string): Hop {
  const url = parseUrl(location, hop.url);
  const headers = url.origin === hop.url.origin ? hop.headers : withoutCredentials(hop.headers);
  const becomesGet = status === 303 ? hop.method !== 'HEAD' : (status === 301 || status === 302) && hop.method === 'POST';
  if (!becomesGet || hop.method === 'GET') return { ...hop, url, headers };
  return { url, method: 'GET', headers: withoutBodyHeaders(headers), body: undefined };
}

/** Stops reading, and drops the connection, as soon as there is more than `maxBytes`. */
async function readBounded(body: Readable, announced: number, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const tooLarge = (): EgressError => new EgressError('too_large', `the answer has more than ${maxBytes} bytes`);
  if (announced > maxBytes) {
    // Destroying an unread body emits an error that nobody else listens to.
    body.on('error', () => undefined).destroy();
    throw tooLarge();
  }
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function toEgressError(error: unknown): EgressError {
  if (error instanceof EgressError) return error;
  if (error instanceof errors.InvalidArgumentError) return new EgressError('bad_request', 'the request cannot be sent: a header is not valid', error);
  if (error instanceof errors.ConnectTimeoutError || error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError) {
    return new EgressError('timeout', 'no complete answer in time', error);
  }
  return new EgressError('unreachable', 'the host cannot be reached', error);
}
