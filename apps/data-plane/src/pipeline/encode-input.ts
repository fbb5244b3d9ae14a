import type { BackendInput, RawRequest, SnapshotPlugin, SnapshotRoute, TargetRequest } from '@torii/contracts';
import { parseCookie } from 'cookie';
import type { GatewayRequest } from './gateway-request.js';
import { jsonPart, jsonString } from './json-text.js';
import { headersJson, pathParamsJson, queryJson } from './request-json.js';

/** Writes the JSON a `backend` plugin is called with (`BackendInput`) for one route. */
export type EncodeInput = (request: GatewayRequest) => string;

/**
 * The text is put together by hand: what does not change between requests is made JSON once per revision, and what both
 * forms of the request have in common once per request.
 */
export function inputEncoder(route: Pick<SnapshotRoute, 'id' | 'name'>, plugin: Pick<SnapshotPlugin, 'config'>): EncodeInput {
  const fixed = membersOf({
    backend: null,
    apikey: null,
    user: null,
    global_config: {},
    attrs: {},
    config: plugin.config,
    route: { id: route.id, name: route.name },
  } satisfies Partial<BackendInput>);
  return (request) => {
    const shared = sharedOf(request);
    return (
      `{"snowflake":"${request.id}",${fixed},"raw_request":${rawRequest(request, shared)},` +
      `"request":${targetRequest(request, shared)},${bodyFields(request.body)}}`
    );
  };
}

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

/** What both forms of a request have in common. Ids, methods and addresses have nothing that JSON escapes. */
interface Shared {
  /** Members as they stand in JSON. */
  readonly members: string;
  /** Name and value of each cookie, likewise. */
  readonly cookies: readonly string[];
  /** Parts of strings: the path, the path for the target, and the query with its `?`. */
  readonly path: string;
  readonly targetPath: string;
  readonly search: string;
}

function sharedOf(request: GatewayRequest): Shared {
  const { target, targetPath } = request;
  const path = jsonPart(target.path);
  return {
    path,
    targetPath: targetPath === target.path ? path : jsonPart(targetPath),
    search: target.search === '' ? '' : `?${jsonPart(target.search)}`,
    members:
      `"method":"${request.method}","headers":${headersJson(request.rawHeaders)},"query":${queryJson(target.search)}` +
      `,"version":"HTTP/${request.httpVersion}","path_params":${pathParamsJson(request.pathParams)}`,
    cookies: request.cookieHeader === undefined ? noCookies : cookiesOf(request.cookieHeader),
  };
}

function rawRequest(request: GatewayRequest, { members, cookies, path, search }: Shared): string {
  return (
    `{"id":${request.sequence},${members},"cookies":${listOf(cookies, rawCookieFixed)},${rawFixed},"uri":"${path}${search}"` +
    `,"path":"${path}","has_body":${request.body.length > 0},"remote":"${request.remoteAddress}"}`
  );
}

function targetRequest(request: GatewayRequest, { members, cookies, targetPath, search }: Shared): string {
  return (
    `{"url":"http://${jsonPart(request.target.authority)}${targetPath}${search}",${members},"cookies":${listOf(cookies, targetCookieFixed)}` +
    `,${targetFixed},"path":"${targetPath}"}`
  );
}

const noCookies: readonly string[] = [];

function cookiesOf(header: string): string[] {
  return Object.entries(parseCookie(header)).map(([name, value]) => `"name":${jsonString(name)},"value":${jsonString(value ?? '')}`);
}

function listOf(cookies: readonly string[], fixed: string): string {
  if (cookies.length === 0) return '[]';
  return `[${cookies.map((cookie) => `{${cookie},${fixed}}`).join(',')}]`;
}

function bodyFields(body: Uint8Array): string {
  if (body.length === 0) return '"request_body_bytes":null,"request_body_base64":null';
  const signed = new Int8Array(body.buffer, body.byteOffset, body.byteLength).join(',');
  const base64 = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('base64');
  return `"request_body_bytes":[${signed}],"request_body_base64":"${base64}"`;
}

/** An object's members as they stand in its JSON. */
function membersOf(object: object): string {
  return JSON.stringify(object).slice(1, -1);
}
