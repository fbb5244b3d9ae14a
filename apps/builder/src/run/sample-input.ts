import type { BackendInput, PluginKind, RawRequest, RouterInput, TargetRequest } from '@torii/contracts';

const host = 'example.com';
const shared = {
  method: 'GET',
  headers: { host, accept: 'application/json', 'user-agent': 'torii' },
  query: { name: ['world'] },
  version: 'HTTP/1.1',
  client_cert_chain: null,
  path_params: {},
};
const rawRequest: RawRequest = {
  ...shared,
  id: 1,
  cookies: [],
  tls: false,
  uri: '/?name=world',
  path: '/',
  has_body: false,
  remote: '127.0.0.1',
};
const targetRequest: TargetRequest = { ...shared, url: `http://${host}/?name=world`, backend: null, cookies: [], path: '/' };
const response = { status: 200, headers: { 'content-type': 'application/json' }, cookies: [] };
/** What every kind is told but the ones below. */
const context = {
  snowflake: '1',
  apikey: null,
  user: null,
  global_config: {},
  attrs: {},
  route: { id: 'rt_sample', name: 'sample' },
};
const noRequestBody = { request_body_bytes: null, request_body_base64: null };

/** An input such as a plugin of that kind is called with, for the GET of a page; shapes as Otoroshi's manual has them. */
export function sampleInput(kind: PluginKind, config: Readonly<Record<string, string>>): unknown {
  const common = { ...context, config };
  switch (kind) {
    case 'backend':
      return { ...common, ...noRequestBody, backend: null, raw_request: rawRequest, request: targetRequest } satisfies BackendInput;
    case 'request_transformer':
      return { ...common, ...noRequestBody, raw_request: targetRequest, otoroshi_request: targetRequest, request: rawRequest };
    case 'response_transformer':
      return { ...common, raw_response: response, otoroshi_response: response, request: rawRequest, ...bodyOf('{"hello":"world"}') };
    case 'websocket_transformer':
      return { ...common, idx: 1, request: rawRequest, otoroshi_request: targetRequest, target: null, message: { kind: 'text', payload: 'hello' } };
    case 'sink':
      return { ...common, request: rawRequest, origin: 'NgReverseProxy', status: 404, message: 'no route found', body_bytes: null };
    case 'router':
      return { request: rawRequest, config, attrs: {} } satisfies RouterInput;
    case 'access_validator':
    case 'pre_route':
    case 'route_matcher':
    case 'opa':
      return { ...common, request: rawRequest };
    case 'job':
      return { snowflake: '1', attrs: {}, global_config: {} };
  }
}

function bodyOf(text: string): { response_body_bytes: number[]; response_body_base64: string } {
  const bytes = Buffer.from(text);
  return { response_body_bytes: [...bytes], response_body_base64: bytes.toString('base64') };
}
