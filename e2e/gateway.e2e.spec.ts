import { afterAll, beforeAll } from '@jest/globals';
import { type AddressApi, startAddressApi } from '../examples/geolocation-go/address-api.mjs';
import { Gateway } from './a-gateway.js';
import { describeImport } from './gateway/import-otoroshi.js';
import { describeSettings } from './gateway/settings.js';
import { describeSlots } from './gateway/slots.js';
import { describeTester } from './gateway/tester.js';
import { describeUpstreams } from './gateway/upstreams.js';

// What stops no part of the gateway shares one, for its start costs more than most tests. Names, hosts and paths are of one part
// alone; settings, which are of all, are changed by one part only.

const nodeEnv: Record<string, string> = {};
const gateway = new Gateway(2, nodeEnv, 1);
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

describeSlots(gateway);
describeUpstreams(gateway);
describeImport(gateway, () => api);
describeTester(gateway, () => api);
describeSettings(gateway);
