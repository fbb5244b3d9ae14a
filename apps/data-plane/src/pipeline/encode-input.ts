import type { RawRequest, SnapshotPlugin, SnapshotRoute, TargetRequest } from '@torii/contracts';
import { parseCookie } from 'cookie';
import type { GatewayRequest } from './gateway-request.js';

/** Writes the JSON a `backend` plugin is called with (`BackendInput`) for one route. */
export type EncodeInput = (request: GatewayRequest) => string;

/** What does not change between requests is turned into JSON here, once per revision. */
export function inputEncoder(route: Pick<SnapshotRoute, 'id' | 'name'>, plugin: Pick<SnapshotPlugin, 'config'>): EncodeInput {
  const fixed =
    '"backend":null,"apikey":null,"user":null,"global_config":{},"attrs":{},' +
    `"config":${JSON.stringify(plugin.config)},"route":${JSON.stringify({ id: route.id, name: route.name })}`;
  return (request) => {
    const headers = headersOf(request.rawHeaders);
    const query = queryOf(request.target.search);
    const cookies = request.cookieHeader === undefined ? [] : Object.entries(parseCookie(request.cookieHeader));
    const raw = JSON.stringify(rawRequest(request, headers, query, cookies));
    const target = JSON.stringify(targetRequest(request, headers, query, cookies));
    return `{"snowflake":${JSON.stringify(request.id)},${fixed},"raw_request":${raw},"request":${target},${bodyFields(request.body)}}`;
  };
}

type Cookies = readonly (readonly [name: string, value: string | undefined])[];

function rawRequest(request: GatewayRequest, headers: Record<string, string>, query: Record<string, string[]>, cookies: Cookies): RawRequest {
  const { target } = request;
  return {
    id: request.sequence,
    method: request.method,
    headers,
    cookies: cookies.map(([name, value]) => ({
      name,
      value: value ?? '',
      path: null,
      domain: null,
      http_only: false,
      max_age: null,
      secure: false,
      same_site: null,
    })),
    tls: false,
    uri: withQuery(target.path, target.search),
    query,
    path: target.path,
    version: `HTTP/${request.httpVersion}`,
    has_body: request.body.length > 0,
    remote: request.remoteAddress,
    client_cert_chain: null,
    path_params: request.pathParams,
  };
}

function targetRequest(request: GatewayRequest, headers: Record<string, string>, query: Record<string, string[]>, cookies: Cookies): TargetRequest {
  return {
    url: `http://${request.target.authority}${withQuery(request.targetPath, request.target.search)}`,
    method: request.method,
    headers,
    query,
    version: `HTTP/${request.httpVersion}`,
    client_cert_chain: null,
    backend: null,
    cookies: cookies.map(([name, value]) => ({ name, value: value ?? '', domain: null, path: null, maxAge: null, secure: false, httpOnly: false })),
    path: request.targetPath,
    path_params: request.pathParams,
  };
}

/** Single valued, as Otoroshi has them: a header that comes twice is joined (RFC 9110 section 5.3). */
function headersOf(rawHeaders: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = Object.create(null);
  const names = new Map<string, string>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const value = rawHeaders[index + 1] ?? '';
    const lower = name.toLowerCase();
    const known = names.get(lower);
    if (known === undefined) {
      names.set(lower, name);
      headers[name] = value;
    } else {
      headers[known] += `${lower === 'cookie' ? '; ' : ', '}${value}`;
    }
  }
  return headers;
}

function queryOf(search: string): Record<string, string[]> {
  const query: Record<string, string[]> = Object.create(null);
  if (search === '') return query;
  for (const [name, value] of new URLSearchParams(search)) {
    const values = query[name];
    if (values === undefined) query[name] = [value];
    else values.push(value);
  }
  return query;
}

function bodyFields(body: Uint8Array): string {
  if (body.length === 0) return '"request_body_bytes":null,"request_body_base64":null';
  const signed = new Int8Array(body.buffer, body.byteOffset, body.byteLength).join(',');
  const base64 = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('base64');
  return `"request_body_bytes":[${signed}],"request_body_base64":"${base64}"`;
}

function withQuery(path: string, search: string): string {
  return search === '' ? path : `${path}?${search}`;
}
