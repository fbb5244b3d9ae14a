import type { BackendInput, BackendOutput } from '@torii/pdk';

/** Called for each request, with the request as its input in JSON; what it returns is the answer. */
export function execute(): BackendOutput {
  const { request }: BackendInput = JSON.parse(Host.inputString());
  const name = request.query.name?.[0] ?? 'world';
  return { status: 200, body_json: { hello: name } };
}
