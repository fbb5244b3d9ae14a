// Runs the same guest on the same kernel as a Torii node does, with an input of the same fields: what a host of Extism
// plugins on workerd would have to do for each request. One instance serves all of them, as with `isolation: "reuse"`.
import guestModule from './guest.wasm';
import kernelModule from './kernel.wasm';

const kernel = new WebAssembly.Instance(kernelModule).exports;
kernel.limit.value = 16_777_216n;
const guest = new WebAssembly.Instance(guestModule, { 'extism:host/env': kernel }).exports;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
let sequence = 0;

export default {
  fetch(request) {
    const input = encoder.encode(inputOf(request));
    const offset = kernel.begin(input.length);
    new Uint8Array(kernel.memory.buffer).set(input, offset);
    guest.run();
    const output = new Uint8Array(kernel.memory.buffer, Number(kernel.output()), Number(kernel.output_length()));
    const { status, headers, body_str } = JSON.parse(decoder.decode(output));
    return new Response(body_str, { status, headers });
  },
};

function inputOf(request) {
  sequence += 1;
  const url = new URL(request.url);
  const headers = Object.fromEntries(request.headers);
  const query = {};
  for (const [name, value] of url.searchParams) query[name] = [...(query[name] ?? []), value];
  const common = {
    method: request.method,
    headers,
    query,
    version: 'HTTP/1.1',
    client_cert_chain: null,
    path: url.pathname,
    path_params: {},
    cookies: [],
  };
  return JSON.stringify({
    snowflake: crypto.randomUUID(),
    backend: null,
    apikey: null,
    user: null,
    global_config: {},
    attrs: {},
    config: {},
    route: { id: 'rt_bench', name: 'bench' },
    raw_request: { ...common, id: sequence, tls: false, uri: url.pathname + url.search, has_body: false, remote: '127.0.0.1' },
    request: { ...common, url: request.url, backend: null },
    request_body_bytes: null,
    request_body_base64: null,
  });
}
