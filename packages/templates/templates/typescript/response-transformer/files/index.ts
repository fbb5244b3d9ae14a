import { bodyText, header, responseTransformer } from '@torii/pdk';

/** Adds a field to answers in JSON, and a header to all. */
export const transform_response = responseTransformer((input) => {
  const { status, headers } = input.otoroshi_response;
  const marked = { ...headers, 'x-transformed-by': 'torii' };
  if (!header({ headers }, 'content-type')?.startsWith('application/json')) return { status, headers: marked };
  return { status, headers: marked, body_json: { ...JSON.parse(bodyText(input)), transformed: true } };
});
