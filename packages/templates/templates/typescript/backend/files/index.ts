import { backend, bodyText, header, queryParam } from '@torii/pdk';

/** Greets who asks, and says what it was sent. */
export const call_backend = backend((input) => {
  const { request } = input;
  if (request.method !== 'GET' && request.method !== 'POST') {
    return { status: 405, headers: { allow: 'GET, POST' }, body_json: { error: `${request.method} is not for this` } };
  }
  const name = queryParam(request, 'name') ?? 'world';
  console.log(`greeting ${name}`);
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body_json: { greeting: `Hello, ${name}!`, path: request.path, agent: header(request, 'user-agent') ?? null, body: bodyText(input) },
  };
});
