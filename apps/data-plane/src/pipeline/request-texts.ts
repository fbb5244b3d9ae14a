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

type RequestView = Pick<OutgoingRequest, 'method' | 'path' | 'search' | 'rawHeaders' | 'cookieHeader'>;

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
  private readonly received: RequestView;
  private readonly shared: Shared;
  private readonly pathText: string;
  private rawText: string | undefined;
  private receivedText: string | undefined;
  private outgoing: RequestView | undefined;
  private outgoingText = '';
  private body: Uint8Array | undefined;
  private bodyText = '';

  constructor(private readonly request: GatewayRequest) {
    const { method, target, rawHeaders, cookieHeader } = request;
    this.received = { method, path: target.path, search: target.search, rawHeaders, cookieHeader };
    this.shared = this.sharedOf(this.received);
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
    if (this.outgoing === undefined || !isSameView(outgoing, this.outgoing)) {
      const path = outgoing.path === this.received.path ? this.pathText : jsonPart(outgoing.path);
      this.outgoingText = this.targetRequest(path, hasSameRest(outgoing, this.received) ? this.shared : this.sharedOf(outgoing));
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

  private sharedOf({ method, rawHeaders, search, cookieHeader }: RequestView): Shared {
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

function hasSameRest(a: RequestView, b: RequestView): boolean {
  return a.rawHeaders === b.rawHeaders && a.search === b.search && a.cookieHeader === b.cookieHeader && a.method === b.method;
}

function isSameView(a: RequestView, b: RequestView): boolean {
  return a.path === b.path && hasSameRest(a, b);
}

function cookiesOf(header: string): string[] {
  return Object.entries(parseCookie(header)).map(([name, value]) => `"name":${jsonString(name)},"value":${jsonString(value ?? '')}`);
}

function listOf(cookies: readonly string[], fixed: string): string {
  if (cookies.length === 0) return '[]';
  return `[${cookies.map((cookie) => `{${cookie},${fixed}}`).join(',')}]`;
}
