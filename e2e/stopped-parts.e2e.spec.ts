import { afterAll, beforeAll } from '@jest/globals';
import { type AddressApi, startAddressApi } from '../examples/geolocation-go/address-api.mjs';
import { Gateway } from './a-gateway.js';
import { describeArticle } from './stopped-parts/article.js';
import { describeConfiguration } from './stopped-parts/configuration.js';
import { describeTail } from './stopped-parts/tail.js';

// What stops parts of the gateway shares one as well: each part leaves it whole, but for the last. Names, hosts and paths are of
// one part alone.

const nodeEnv: Record<string, string> = {};
const gateway = new Gateway(2, nodeEnv);
let api: AddressApi;

beforeAll(async () => {
  api = await startAddressApi({ port: 0, delayMs: 75 });
  nodeEnv.TORII_EGRESS_OVERRIDES = `api-adresse.data.gouv.fr=http://127.0.0.1:${api.port}`;
  await gateway.start();
});
afterAll(async () => {
  await gateway.stop();
  await api.close();
});

describeTail(gateway);
describeArticle(gateway, () => api);
describeConfiguration(gateway);
