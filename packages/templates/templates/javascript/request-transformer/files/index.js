import { requestTransformer } from '@torii/pdk';

/** Tells the target where a request comes from, and takes its cookies away. */
export const transform_request = requestTransformer(({ otoroshi_request, request, route }) => {
  const kept = Object.entries(otoroshi_request.headers).filter(([name]) => name.toLowerCase() !== 'cookie');
  return { headers: { ...Object.fromEntries(kept), 'x-forwarded-for': request.remote, 'x-route': route.name } };
});
