import { requestTransformer } from '@torii/pdk';

const replaced = new Set(['cookie', 'x-forwarded-for', 'x-route']);

/** Tells the target where a request comes from, and takes its cookies away. */
export const transform_request = requestTransformer(({ otoroshi_request, request, route }) => {
  const kept = Object.entries(otoroshi_request.headers).filter(([name]) => !replaced.has(name.toLowerCase()));
  return { headers: { ...Object.fromEntries(kept), 'x-forwarded-for': request.remote, 'x-route': route.name }, cookies: [] };
});
