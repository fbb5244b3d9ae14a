import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PluginSpec, RouteSpec, unavailableInPlugin } from '@torii/contracts';
import { startAddressApi } from '../examples/geolocation-go/address-api.mjs';

const folder = new URL('../examples/geolocation-go/', import.meta.url);
const json = (name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8'));

describe('the geolocation example', () => {
  it('names the module that is there', () => {
    const sha256 = createHash('sha256')
      .update(readFileSync(new URL('geolocation.wasm', folder)))
      .digest('hex');
    expect(readFileSync(new URL('geolocation.wasm.sha256', folder), 'utf8')).toBe(`${sha256}  geolocation.wasm\n`);
    expect(json('plugin.json').source).toEqual({ kind: 'artifact', sha256 });
  });

  it('uses nothing that the API does not have yet', () => {
    expect(unavailableInPlugin(PluginSpec.parse(json('plugin.json')))).toEqual([]);
    for (const name of ['route.json', 'route-oto.json']) expect(RouteSpec.safeParse(json(name)).error).toBeUndefined();
  });
});

describe('the stand-in for the address service', () => {
  let api;
  beforeAll(async () => {
    api = await startAddressApi({ delayMs: 0 });
  });
  afterAll(() => api.close());
  const get = (path) => fetch(`http://127.0.0.1:${api.port}${path}`);

  it("answers the article's address", async () => {
    const answer = await (await get('/search/?q=200+avenue+Salvador+Allende+79000')).json();
    expect(answer).toMatchObject({ type: 'FeatureCollection', attribution: 'BAN', licence: 'ETALAB-2.0', limit: 5 });
    expect(answer.query).toBe('200 avenue Salvador Allende 79000');
    expect(answer.features[0].properties).toMatchObject({
      label: '200 Avenue Salvador Allende 79000 Niort',
      score: 0.9678663636363636,
      housenumber: '200',
      postcode: '79000',
      x: 431952.32,
      y: 6587277.49,
      city: 'Niort',
    });
  });

  it('answers the same invented address to the same search', async () => {
    const [one, two, other] = await Promise.all(['nowhere', 'nowhere', 'elsewhere'].map(async (q) => (await get(`/search/?q=${q}`)).text()));
    expect(one).toBe(two);
    expect(one).not.toBe(other);
  });

  it('refuses what the real one refuses', async () => {
    for (const path of ['/search/', '/search/?q=', '/search/?q=ab', `/search/?q=${'a'.repeat(201)}`, '/search/?q=%26abc']) {
      const response = await get(path);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ code: 400, message: 'Failed parsing query' });
    }
  });

  it('counts searches and nothing else', async () => {
    const before = api.calls();
    await get('/search/?q=niort');
    await get('/elsewhere');
    expect(await (await get('/_stats')).json()).toEqual({ calls: before + 1 });
  });
});
