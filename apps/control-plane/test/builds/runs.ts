import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { BuilderRunRequest, FunctionRun } from '@torii/contracts';
import { TestBuilder } from '../support/a-builder.js';
import { aKeyWith } from '../support/admin-key.js';
import { type ApiClient, aModule, importMapGet } from '../support/api-client.js';
import type { TestControlPlane } from '../support/control-plane.js';

let torii: TestControlPlane;
let api: ApiClient;
const builders: TestBuilder[] = [];
const servers: Server[] = [];

const answered: FunctionRun = {
  ok: true,
  error: null,
  output: { encoding: 'utf8', content: 'hello', bytes: 5, truncated: false },
  logs: [],
  hostCalls: [],
  timings: { fetchMs: 1, prepareMs: 1, callMs: 1, guestCpuMs: 1, hostMs: 0 },
  memoryBytes: 65_536,
};

async function aBuiltFunction(name: string, module: Uint8Array, settings: object = {}): Promise<void> {
  const files = [{ path: 'index.js', content: name }];
  expect(await api.send('PUT', `/api/v1/functions/${name}`, { language: 'javascript', files, settings })).toMatchObject({ status: 201 });
  const builder = await TestBuilder.start(torii, { work: (taken, one) => one.succeed(taken, module) });
  const built = await api.send('POST', `/api/v1/functions/${name}/builds?wait=finished&timeout=60s`);
  expect(built).toMatchObject({ status: 200, body: { status: 'succeeded' } });
  await builder.stop();
}

/** A builder that answers runs as the test says. */
async function aRunner(
  respond: (request: BuilderRunRequest, response: ServerResponse, message: IncomingMessage) => void,
  running = 0,
): Promise<void> {
  const server = createServer(async (message, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    respond(JSON.parse(Buffer.concat(chunks).toString('utf8')), response, message);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push(server);
  builders.push(await TestBuilder.start(torii, { internalUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, running }));
}

const run = (name: string, body: object = {}) => api.send<FunctionRun>('POST', `/api/v1/functions/${name}/run`, body);

export function describeRuns(running: () => TestControlPlane): void {
  beforeAll(async () => {
    torii = running();
    api = torii.api;
    await aBuiltFunction('greet', await aModule());
  });

  afterEach(async () => {
    await Promise.all(builders.splice(0).map((builder) => builder.stop()));
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  describe('a run that cannot be', () => {
    it('is answered 503 when no builder is alive, or none can be reached', async () => {
      expect(await run('greet')).toMatchObject({
        status: 503,
        body: { code: 'capacity.overloaded', detail: expect.stringContaining('no builder is alive') },
      });
      builders.push(await TestBuilder.start(torii, { internalUrl: 'http://127.0.0.1:1' }));
      expect(await run('greet')).toMatchObject({ status: 503, body: { code: 'capacity.overloaded' } });
    });

    it('is answered 404 without the function, and 422 without the version', async () => {
      expect(await run('nobody')).toMatchObject({ status: 404 });
      expect(await run('greet', { version: '1.0.0' })).toMatchObject({
        status: 422,
        body: { errors: [{ pointer: '/version', code: 'unknown_reference' }] },
      });
      expect(await run('greet', { version: 'latest' })).toMatchObject({ status: 422, body: { errors: [{ pointer: '/version' }] } });
      await api.send('PUT', '/api/v1/functions/unbuilt', { language: 'javascript', files: [{ path: 'index.js', content: '' }] });
      expect(await run('unbuilt')).toMatchObject({ status: 422, body: { detail: expect.stringContaining('not built yet') } });
    });

    it('is answered 422 with a pointer for what is wrong with the request', async () => {
      for (const [body, pointer] of [
        [{ functionName: 'missing' }, '/functionName'],
        [{ input: 1, inputBase64: 'AA==' }, '/inputBase64'],
        [{ settings: { limits: { memoryMaxBytes: 1 } } }, '/settings/limits/memoryMaxBytes'],
        [{ settings: { hostFunction: [] } }, '/settings/hostFunction'],
        [{ inptu: 1 }, '/inptu'],
      ] as const) {
        expect(await run('greet', body)).toMatchObject({ status: 422, body: { errors: [{ pointer }] } });
      }
      expect(await run('greet', { input: 'x'.repeat(1_048_577) })).toMatchObject({ status: 413, body: { errors: [{ pointer: '/input' }] } });
    });

    it('names the grants to add, and runs with them', async () => {
      await aBuiltFunction('mapped', await aModule(importMapGet));
      await aRunner((_, response) => response.end(JSON.stringify(answered)));
      expect(await run('mapped')).toMatchObject({
        status: 422,
        body: { errors: [{ pointer: '/settings/hostFunctions', code: 'missing_grant', detail: expect.stringContaining('plugin_map:read') }] },
      });
      expect(await run('mapped', { settings: { hostFunctions: ['plugin_map:read'] } })).toMatchObject({ status: 200, body: { ok: true } });
    });

    it('is answered 403 when it may reach private addresses, and the key may not allow a plugin that', async () => {
      await aBuiltFunction('inward', await aModule(), { allowPrivate: true });
      await aRunner((_, response) => response.end(JSON.stringify(answered)));
      const writer = api.withKey(await aKeyWith(torii, 'functions:write'));
      const runAs = (key: ApiClient, name: string, settings: object) => key.send('POST', `/api/v1/functions/${name}/run`, { settings });
      for (const [name, settings] of [
        ['greet', { allowPrivate: true }],
        ['inward', {}],
      ] as const) {
        expect(await runAs(writer, name, settings)).toMatchObject({
          status: 403,
          body: { code: 'client.forbidden', detail: expect.stringContaining('the scope plugins:write') },
        });
      }
      expect(await runAs(writer, 'inward', { allowPrivate: false })).toMatchObject({ status: 200 });
      expect(await runAs(api.withKey(await aKeyWith(torii, 'functions:write', 'plugins:write')), 'inward', {})).toMatchObject({ status: 200 });
    });

    it('is answered 500, and not tried elsewhere, when its builder goes or answers nonsense: it may have run', async () => {
      let calls = 0;
      const nonsense = (response: ServerResponse): void => void response.end('{"ok":true}');
      for (const respond of [nonsense, (response: ServerResponse) => void response.destroy()]) {
        const before = calls;
        for (const running of [0, 1]) {
          await aRunner((_, response) => {
            calls += 1;
            respond(response);
          }, running);
        }
        expect(await run('greet')).toMatchObject({ status: 500, body: { code: 'platform.internal', detail: expect.stringContaining('builder') } });
        expect(calls).toBe(before + 1);
        await Promise.all(builders.splice(0).map((builder) => builder.stop()));
      }
    });
  });

  describe('a run', () => {
    it('asks a builder for the module with the settings of the function and those of the request', async () => {
      await aBuiltFunction('configured', await aModule(), { config: { A: '1' }, allowedHosts: ['a.example'], limits: { cpuMs: 10, wallMs: 100 } });
      let asked: BuilderRunRequest | undefined;
      let authorization: string | undefined;
      await aRunner((request, response, message) => {
        asked = request;
        authorization = message.headers.authorization;
        response.end(JSON.stringify(answered));
      });
      const body = { input: { q: 1 }, settings: { config: { B: '2' }, limits: { wallMs: 200 } } };
      expect(await run('configured', body)).toMatchObject({ status: 200, body: answered });
      expect(authorization).toBe(`Bearer ${torii.nodeToken}`);
      expect(asked).toMatchObject({
        functionName: 'handle',
        settings: { config: { B: '2' }, allowedHosts: ['a.example'], limits: { cpuMs: 10, wallMs: 200 } },
      });
      expect(Buffer.from(asked?.inputBase64 ?? '', 'base64').toString()).toBe('{"q":1}');
      for (const [given, bytes] of [
        [{ input: 'plain' }, 'plain'],
        [{ inputBase64: 'AAE=' }, '\x00\x01'],
        [{}, ''],
      ] as const) {
        expect(await run('configured', given)).toMatchObject({ status: 200 });
        expect(Buffer.from(asked?.inputBase64 ?? '', 'base64').toString()).toBe(bytes);
      }
    });

    it('goes to the next builder when one cannot be reached, or is busy', async () => {
      builders.push(await TestBuilder.start(torii, { internalUrl: 'http://127.0.0.1:1' }));
      await aRunner((_, response) => response.writeHead(503).end(), 1);
      await aRunner((_, response) => response.end(JSON.stringify(answered)), 2);
      expect(await run('greet')).toMatchObject({ status: 200, body: { ok: true } });
    });

    it('that fails is answered 200 with the reason', async () => {
      const failed: FunctionRun = { ...answered, ok: false, error: { code: 'plugin.trapped', detail: 'unreachable' } };
      await aRunner((_, response) => response.end(JSON.stringify(failed)));
      expect(await run('greet')).toMatchObject({ status: 200, body: failed });
    });
  });
}
