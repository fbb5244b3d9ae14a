// One plugin of each kind, written with nothing but what Extism's public JavaScript PDK has, by what Otoroshi's manual says of
// inputs and outputs. Every function has the name that Otoroshi calls by default.

/** The route is for requests with the header `foo: bar` alone. */
export function matches_route() {
  return answer(({ request }) => ({ result: header(request, 'foo') === 'bar' }));
}

/** Sends who has no session to the login page, and tells later plugins whose session it is. */
export function pre_route() {
  return answer(({ request }) => {
    const session = request.cookies.find(({ name }) => name === 'session');
    if (session !== undefined) return { error: false, attrs: { set: { session: session.value } } };
    return { error: true, status: 302, headers: { Location: '/login', 'Content-Type': 'text/plain' }, body: 'please log in' };
  });
}

/** Lets requests pass that have the header `foo: bar`. */
export function access() {
  return answer(verdict);
}

/** The name that Otoroshi's manual has for `access`. */
export function can_access() {
  return answer(verdict);
}

/** Adds the header `foo: bar` and greets in the body; refuses requests with the header `x-blocked`. */
export function transform_request() {
  return answer(({ otoroshi_request, request_body_bytes }) => {
    if (header(otoroshi_request, 'x-blocked') !== undefined) {
      return { error: true, status: 429, headers: { 'Retry-After': '30' }, body_json: { message: 'blocked' } };
    }
    const headers = { ...otoroshi_request.headers, foo: 'bar' };
    if (request_body_bytes === null) return { headers };
    return { headers, body_str: `hello ${new TextDecoder().decode(Uint8Array.from(request_body_bytes))}` };
  });
}

/** Answers with a page that greets `?name=`, or leaves the request to the real backend. */
export function call_backend() {
  return answer(({ request, raw_request }) => {
    if (header(request, 'x-delegate') !== undefined) return { delegates_call: true };
    // Values of a query are always lists.
    const name = raw_request.query.name?.[0];
    if (name === undefined) return { status: 400, body_json: { error: 'who are you?' } };
    return { status: 201, headers: { 'Content-Type': 'text/html' }, body: `<h1>hello ${name}</h1>` };
  });
}

/** Adds the header `foo: bar`, and says nothing of the status and the body. */
export function transform_response() {
  return answer(({ otoroshi_response }) => {
    if (otoroshi_response.status === 503) return { error: true, status: 502, body: 'back in a minute' };
    return { headers: { ...otoroshi_response.headers, foo: 'bar' } };
  });
}

/** Whether it answers what no route takes: whatever is below `/parked`. */
export function sink_matches() {
  return answer(({ request }) => ({ result: request.path.startsWith('/parked') }));
}

export function sink_handle() {
  return answer(({ status, body_bytes }) => {
    const body = `parked instead of ${status}, ${body_bytes.length} bytes`;
    return { status: 200, headers: { 'Content-Type': 'text/plain' }, body };
  });
}

/** Chooses the route that the header `x-route` names, and decides nothing without it. */
export function find_route() {
  return answer(({ request }) => {
    const name = header(request, 'x-route');
    if (name === undefined) return {};
    const [first, ...rest] = request.path.slice(1).split('/');
    return { route: { name }, path: `/${first}`, path_params: { tenant: rest.join('/') }, no_more_segments: false };
  });
}

/** Writes what clients say in capitals, and drops what is forbidden. */
export function on_request_message() {
  return answer(({ message }) => {
    if (message.kind !== 'text') return { error: false, message };
    if (message.payload.includes('forbidden')) return { error: true, statusCode: 500, reason: 'not this word' };
    return { error: false, message: { kind: 'text', payload: message.payload.toUpperCase() } };
  });
}

/** Quotes what the backend says. */
export function on_response_message() {
  return answer(({ message }) => {
    if (message.kind !== 'text') return { error: false, message };
    return { error: false, message: { kind: 'text', payload: `> ${message.payload}` } };
  });
}

function answer(of) {
  Host.outputString(JSON.stringify(of(JSON.parse(Host.inputString()))));
  return 0;
}

function verdict({ request }) {
  const foo = header(request, 'foo');
  if (foo === 'bar') return { result: true };
  return foo === undefined ? { result: false, error: { message: "you're not authorized", status: 401 } } : { result: false };
}

/** Whatever case its name is in. */
function header({ headers }, name) {
  return Object.entries(headers).find(([known]) => known.toLowerCase() === name)?.[1];
}
