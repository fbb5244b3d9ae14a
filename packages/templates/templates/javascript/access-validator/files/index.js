import { accessValidator, header } from '@torii/pdk';

/** Lets those through that send the token of the plugin's config in a header. */
export const access = accessValidator(({ request, config }) => {
  const expected = config.token ?? 'bar';
  if (header(request, 'x-token') === expected) return { result: true };
  return { result: false, error: { message: 'you are not authorized', status: 401 } };
});
