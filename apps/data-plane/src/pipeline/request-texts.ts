import type { RawRequest, TargetRequest } from '@torii/contracts';
import { parseCookie } from 'cookie';
import type { GatewayRequest, OutgoingRequest } from './gateway-request.js';
import { jsonPart, jsonString, membersOf } from './json-text.js';
import { headersJson, pathParamsJson, queryJson } from './request-json.js';

const rawFixed = membersOf({ tls: false, client_cert_chain: null } satisfies Partial<RawRequest>);
const targetFixed = membersOf({ client_cert_chain: null, backend: null } satisfies Partial<TargetRequest>);
const rawCookieFixed = membersOf({
  path: null,
  domain: null,
  http_only: false,
  max_age: null,
  secure: false,
  same_site: null,
} satisfies Partial<RawRequest['cookies'][0]>);
const targetCookieFixed = membersOf({
  domain: null,
  path: null,
  maxAge: null,
  secure: false,
  httpOnly: false,
} satisfies Partial<TargetRequest['cookies'][0]>);

const noCookies: readonly string[] = [];

/** What both forms of a request have in common. Ids, methods and addresses have nothing that JSON escapes. */
interface Shared {
  /** Members as they stand in JSON. */
  readonly members: string;
  /** Name and value of each cookie, likewise. */
  readonly cookies: readonly string[];
  /** A part of a string: the query with its `?`. */
  readonly search: string;
}

/**
 * The parts of inputs that are about the request, put together by hand, each no more than once however many plugins are
 * called with it.
 */
export class RequestTexts {
  private readonly shared: Shared;
  private readonly pathText: string;
  private rawText: string | undefined;
  private receivedText: string | undefined;
  private outgoing: OutgoingRequest | undefined;
  private outgoingText = '';
  private body: Uint8Array | undefined;
  private bodyText = '';

  constructor(private readonly request: GatewayRequest) {
    const { method, target, rawHeaders, cookieHeader } = request;
    this.shared = this.sharedOf(method, target.search, rawHeaders, cookieHeader);
    this.pathText = jsonPart(target.path);
  }

  /** As `RawRequest`. */
  raw(): string {
    if (this.rawText === undefined) {
      const { sequence, hasBody, remoteAddress } = this.request;
      const { members, cookies, search } = this.shared;
      const path = this.pathText;
      this.rawText =
        `{"id":${sequence},${members},"cookies":${listOf(cookies, rawCookieFixed)},${rawFixed},"uri":"${path}${search}"` +
        `,"path":"${path}","has_body":${hasBody},"remote":"${remoteAddress}"}`;
    }
    return this.rawText;
  }

  /** As `TargetRequest`, as the client sent it. */
  asReceived(): string {
    this.receivedText ??= this.targetRequest(this.pathText, this.shared);
    return this.receivedText;
  }

  /** As `TargetRequest`, as it goes to the target. */
  asOutgoing(outgoing: OutgoingRequest): string {
    if (this.outgoing !== outgoing) {
      const { path, method, search, rawHeaders, cookieHeader } = outgoing;
      const { target } = this.request;
      const shared = this.isAsReceived(outgoing) ? this.shared : this.sharedOf(method, search, rawHeaders, cookieHeader);
      this.outgoingText = this.targetRequest(path === target.path ? this.pathText : jsonPart(path), shared);
      this.outgoing = outgoing;
    }
    return this.outgoingText;
  }

  /** The members of an input that hold a request's body. */
  bodyMembers(body: Uint8Array): string {
    if (body.length === 0) return '"request_body_bytes":null,"request_body_base64":null';
    if (this.body !== body) {
      this.body = body;
      this.bodyText = `"request_body_bytes":${signedBytes(body)},"request_body_base64":"${base64Text(body)}"`;
    }
    return this.bodyText;
  }

  private isAsReceived({ method, search, rawHeaders, cookieHeader }: OutgoingRequest): boolean {
    const { request } = this;
    return (
      rawHeaders === request.rawHeaders && search === request.target.search && cookieHeader === request.cookieHeader && method === request.method
    );
  }

  private sharedOf(method: string, search: string, rawHeaders: readonly string[], cookieHeader: string | undefined): Shared {
    const { httpVersion, pathParams } = this.request;
    return {
      search: search === '' ? '' : `?${jsonPart(search)}`,
      members:
        `"method":"${method}","headers":${headersJson(rawHeaders)},"query":${queryJson(search)}` +
        `,"version":"HTTP/${httpVersion}","path_params":${pathParamsJson(pathParams)}`,
      cookies: cookieHeader === undefined ? noCookies : cookiesOf(cookieHeader),
    };
  }

  private targetRequest(path: string, { members, cookies, search }: Shared): string {
    const authority = jsonPart(this.request.target.authority);
    return (
      `{"url":"http://${authority}${path}${search}",${members},"cookies":${listOf(cookies, targetCookieFixed)}` + `,${targetFixed},"path":"${path}"}`
    );
  }
}

/** As Otoroshi writes bytes: -128 to 127. */
export function signedBytes(bytes: Uint8Array): string {
  return `[${new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength).join(',')}]`;
}

export function base64Text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function cookiesOf(header: string): string[] {
  return Object.entries(parseCookie(header)).map(([name, value]) => `"name":${jsonString(name)},"value":${jsonString(value ?? '')}`);
}

function listOf(cookies: readonly string[], fixed: string): string {
  if (cookies.length === 0) return '[]';
  return `[${cookies.map((cookie) => `{${cookie},${fixed}}`).join(',')}]`;
}
