import { beforeAll, describe, expect, it } from '@jest/globals';
import type { FunctionEntity } from '@torii/contracts';
import { aKeyWith } from '../support/admin-key.js';
import { type ApiClient, aModule } from '../support/api-client.js';
import type { TestControlPlane } from '../support/control-plane.js';
import type { VersionPublisher } from '../support/version-publisher.js';

let torii: TestControlPlane;
let api: ApiClient;
/** Writes functions, and neither plugins nor routes. */
let writer: ApiClient;
let publisher: VersionPublisher;

const functions = '/api/v1/functions';
const body = { language: 'wat', files: [{ path: 'main.wat', content: '(module)' }] };
const on = { endpoint: { enabled: true } };
const text = { 'content-type': 'text/plain' };
const refusal = (scopes: string) => ({
  status: 403,
  body: { code: 'client.forbidden', detail: expect.stringContaining(`the key lacks the ${scopes},`) },
});

/** A function that answers at its endpoint. */
async function aLiveFunction(name: string): Promise<FunctionEntity> {
  const answer = await api.send<FunctionEntity>('PUT', `${functions}/${name}`, { ...body, ...on });
  expect(answer).toMatchObject({ status: 201 });
  await publisher.publish(answer.body, '1.0.0', await aModule());
  expect(await api.get(`/api/v1/routes/fn-${name}`)).toMatchObject({ status: 200 });
  return answer.body;
}

export function describeEndpointScopes(running: () => TestControlPlane, publishing: () => VersionPublisher): void {
  beforeAll(async () => {
    torii = running();
    api = torii.api;
    publisher = publishing();
    writer = api.withKey(await aKeyWith(torii, 'functions:read', 'functions:write'));
  });

  describe('a key for functions alone', () => {
    it('cannot switch an endpoint on, neither of a new function nor of one there is, built or not', async () => {
      expect(await writer.send('PUT', `${functions}/born-on`, { ...body, ...on })).toMatchObject(refusal('scopes plugins:write and routes:write'));
      expect(await writer.send('POST', functions, { name: 'born-on', ...body, ...on })).toMatchObject(
        refusal('scopes plugins:write and routes:write'),
      );
      expect(await api.get(`${functions}/born-on`)).toMatchObject({ status: 404 });
      expect(await writer.send('PUT', `${functions}/off`, body)).toMatchObject({ status: 201 });
      expect(await writer.send('PATCH', `${functions}/off`, on)).toMatchObject(refusal('scopes plugins:write and routes:write'));
      expect((await api.get<FunctionEntity>(`${functions}/off`)).body.endpoint.enabled).toBe(false);
    });

    it('is told which of the scopes it lacks', async () => {
      await writer.send('PUT', `${functions}/half`, body);
      const withPlugins = api.withKey(await aKeyWith(torii, 'functions:write', 'plugins:write'));
      const withRoutes = api.withKey(await aKeyWith(torii, 'functions:write', 'routes:write'));
      const withBoth = api.withKey(await aKeyWith(torii, 'functions:write', 'plugins:write', 'routes:write'));
      expect(await withPlugins.send('PATCH', `${functions}/half`, on)).toMatchObject(refusal('scope routes:write'));
      expect(await withRoutes.send('PATCH', `${functions}/half`, on)).toMatchObject(refusal('scope plugins:write'));
      expect(await withBoth.send('PATCH', `${functions}/half`, on)).toMatchObject({ status: 200, body: { endpoint: { enabled: true } } });
    });

    it('cannot change what a live endpoint is made of, nor take it down', async () => {
      await aLiveFunction('kept');
      const before = await api.get<FunctionEntity>(`${functions}/kept`);
      for (const changes of [
        { name: 'stolen' },
        { settings: { allowPrivate: true } },
        { endpoint: { version: 'dev' } },
        { endpoint: { enabled: false } },
        { endpoint: null },
      ]) {
        expect(await writer.send('PATCH', `${functions}/kept`, changes)).toMatchObject(refusal('scopes plugins:write and routes:write'));
      }
      expect(await writer.send('PUT', `${functions}/kept`, body)).toMatchObject(refusal('scopes plugins:write and routes:write'));
      expect(await writer.send('DELETE', `${functions}/kept`)).toMatchObject(refusal('scopes plugins:write and routes:write'));
      expect((await api.get<FunctionEntity>(`${functions}/kept`)).body).toEqual(before.body);
      expect(await api.get('/api/v1/routes/fn-kept')).toMatchObject({ status: 200 });
    });

    it('writes everything else of a function whose endpoint is live, whose builds go on', async () => {
      const entity = await aLiveFunction('described');
      expect(await writer.send('PATCH', `${functions}/described`, { description: 'better', ...on })).toMatchObject({ status: 200 });
      expect(await writer.send('PUT', `${functions}/described/files/a.txt`, 'a', text)).toMatchObject({ status: 201 });
      expect(await publisher.publish(entity, '1.1.0', await aModule('', 'other'))).toEqual([
        expect.objectContaining({ name: 'described', outcome: 'updated', version: 2 }),
      ]);
    });

    it('writes and deletes functions whose endpoint is off', async () => {
      expect(await writer.send('PUT', `${functions}/plain`, body)).toMatchObject({ status: 201 });
      const changes = { name: 'plainer', settings: { allowPrivate: true }, endpoint: { version: 'dev' } };
      expect(await writer.send('PATCH', `${functions}/plain`, changes)).toMatchObject({ status: 200 });
      expect(await writer.send('DELETE', `${functions}/plainer`)).toMatchObject({ status: 204 });
    });
  });
}
