import { afterAll, beforeAll } from '@jest/globals';
import { type AddressApi, startAddressApi } from '../examples/geolocation-go/address-api.mjs';
import { Gateway } from './a-gateway.js';

export interface DemoGateway {
  readonly gateway: Gateway;
  /** That the article's function asks; there while tests run. */
  readonly addressApi: () => AddressApi;
}

/** A gateway for all tests of a file, whose functions find the address service of the article. */
export function aDemoGateway(nodes: number, builders?: number): DemoGateway {
  const nodeEnv: Record<string, string> = {};
  const gateway = new Gateway(nodes, nodeEnv, builders);
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
  return { gateway, addressApi: () => api };
}
