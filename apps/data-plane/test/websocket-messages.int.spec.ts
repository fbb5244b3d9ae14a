import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SnapshotPlugin } from '@torii/contracts';
import { answeringGuest, answeringGuestWith, eventually } from '@torii/test-kit';
import { aPlugin, TestNode } from './a-node.js';
import { aSlot } from './a-slot.js';
import { anUpstreamRoute } from './an-upstream-route.js';
import { inputIn, shoutingGuest, tellingGuest } from './message-guests.js';
import { accessLineOf, openParty, WebSocketUpstream } from './websocket-parties.js';

const node = new TestNode();
const upstream = new WebSocketUpstream();
const kind = 'websocket_transformer';

async function transformer(name: string, bytes: Promise<Uint8Array>, part: Parameters<typeof aPlugin>[1] = {}): Promise<SnapshotPlugin> {
  return aPlugin(node.artifacts.add(await bytes), { name, kind, functionName: 'on_request_message', ...part });
}

const accessLine = (path: string) => accessLineOf(path, () => node.node.logs);

describe('messages of a WebSocket that plugins see', () => {
  beforeAll(async () => {
    await upstream.start();
    await node.start({ TORII_DATA_THREADS: '1' });
    const asking = await transformer('shouts-up', shoutingGuest(['on_request_message']));
    const answering = await transformer('shouts-down', shoutingGuest(['on_response_message']), { functionName: 'on_response_message' });
    const both = await transformer('shouts-both', shoutingGuest(['on_request_message', 'on_response_message']));
    const own = await transformer('shouts-own', shoutingGuest(['shout']), { functionName: 'shout' });
    const same = await transformer('same', answeringGuestWith({ on_request_message: { before: '', after: '' } }), { limits: { cpuMs: 5_000 } });
    const drops = await transformer('drops', answeringGuestWith({ on_request_message: { before: '{"error":true,"statusCode":403,"reason":"no"}' } }));
    const closes = await transformer(
      'closes',
      answeringGuestWith({ on_request_message: { before: `{"error":true,"statusCode":4003,"reason":"${'é'.repeat(80)}"}` } }),
    );
    const bytes = await transformer('bytes', answeringGuest('{"message":{"kind":"binary","payload":[255,-128,1]}}'), { functionName: 'run' });
    const base64 = await transformer('base64', answeringGuest('{"message":{"kind":"binary","payload_base64":"/4AB"}}'), { functionName: 'run' });
    const tells = await transformer('tells', tellingGuest('on_response_message'), { functionName: 'on_response_message' });
    const marked = { before: '{"attrs":{"set":{"mark":1}},"message":{"kind":"text","payload":"marked"}}' };
    const marks = await transformer('marks', answeringGuestWith({ on_request_message: marked }));
    const theirs = await transformer('theirs', answeringGuestWith({ on_request_message: { before: '{"error":true,"statusCode":4003}' } }), {
      compat: 'otoroshi',
    });
    const route = (path: string, slots: Parameters<typeof aSlot>[], globals = {}) =>
      anUpstreamRoute(path, [upstream.url], {}, { plugins: slots.map((slot) => aSlot(...slot)), ...globals });
    await node.apply(
      [asking, answering, both, own, same, drops, closes, bytes, base64, tells, marks, theirs],
      [
        route('/up', [[asking]]),
        route('/down', [[answering]]),
        route('/both', [[both]]),
        route('/own', [[own]]),
        route('/same', [[same]]),
        route('/drops', [[drops]]),
        route('/closes', [[closes]]),
        route('/bytes', [[bytes]]),
        route('/base64', [[base64]]),
        route('/chain', [[asking], [drops, { exclude: ['.*'] }], [same]]),
        route('/narrow', [[asking, { include: ['/narrow/in'] }]]),
        route('/tells', [[marks], [tells, { config: { level: 3 } }]]),
        route('/theirs', [[theirs]]),
      ],
    );
  });
  afterAll(async () => {
    await node.stop();
    await upstream.stop();
  });

  it.each([
    ['to the upstream, when the module exports only that function', '/up', 'HELLO', 'HELLO'],
    ['to the client, when the module exports only that function', '/down', 'hello', 'HELLO'],
    ['in both directions, by the functions for each', '/both', 'HELLO', 'HELLO'],
    ['in both directions, by a function of another name', '/own', 'HELLO', 'HELLO'],
    ['through several slots, one after the other', '/chain', 'HELLO', 'HELLO'],
  ])('change %s', async (_, path, above, below) => {
    const client = await openParty(node.proxyUrl, `${path}/x`);
    client.say('hello');
    await client.hears(below);
    await upstream.last.hears(above);
    client.socket.close(1000);
    await client.isClosed();
  });

  it('pass as they are on paths that the slot is not for', async () => {
    const outside = await openParty(node.proxyUrl, '/narrow/out');
    await outside.say('hello').hears('hello');
    outside.socket.terminate();
    const inside = await openParty(node.proxyUrl, '/narrow/in');
    await inside.say('hello').hears('HELLO');
    inside.socket.terminate();
  });

  it('keep their bytes, those above 127 and empty ones too', async () => {
    const client = await openParty(node.proxyUrl, '/same/x');
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    await client.say(all, Buffer.alloc(0), '', 'é\u0000"\\🚀').hears(all, Buffer.alloc(0), '', 'é\u0000"\\🚀');
    client.socket.terminate();
  });

  it.each([['/bytes'], ['/base64']])('may be made binary of text, by signed or unsigned bytes or by base64: %s', async (path) => {
    const client = await openParty(node.proxyUrl, `${path}/x`);
    await client.say('text').hears(Buffer.from([255, 128, 1]));
    client.socket.terminate();
  });

  it('keep their order when many come at once, from both sides', async () => {
    const client = await openParty(node.proxyUrl, '/both/x');
    const texts = Array.from({ length: 500 }, (_, index) => `N${index}`);
    await client.say(...texts).hears(...texts);
    client.socket.terminate();
  });

  it('are whole however they were cut into fragments, with pings between them', async () => {
    const client = await openParty(node.proxyUrl, '/up/x');
    client.socket.send('hel', { fin: false });
    client.socket.ping('are you there');
    client.socket.send('lo ', { fin: false });
    client.socket.send('you', { fin: true });
    await client.hears('HELLO YOU');
    await eventually(() => expect(client.pongs).toEqual(['are you there']));
    client.socket.terminate();
  });

  it('are dropped when a plugin says so, and the connection stays open', async () => {
    const client = await openParty(node.proxyUrl, '/drops/x');
    client.say('one', 'two');
    upstream.last.say('from above');
    await client.hears('from above');
    client.socket.close(1000, 'done');
    expect(await client.isClosed()).toEqual({ code: 1000, reason: 'done' });
    expect(upstream.last.heard).toEqual([]);
    await eventually(async () =>
      expect((await accessLine('/drops/x')).messages).toMatchObject({
        fromClient: 2,
        fromUpstream: 1,
        dropped: 2,
        calls: 2,
        failedCalls: 0,
        closeCode: 1000,
      }),
    );
  });

  it('close the connection by the code and the reason that a plugin gives, cut to what a closing message holds', async () => {
    const client = await openParty(node.proxyUrl, '/closes/x');
    client.say('one');
    const told = { code: 4003, reason: 'é'.repeat(61) };
    expect(await client.isClosed()).toEqual(told);
    expect(await upstream.last.isClosed()).toEqual(told);
    expect(await accessLine('/closes/x')).not.toHaveProperty('code');
  });

  it('are dropped whatever the code for a plugin that is served as Otoroshi serves it', async () => {
    const client = await openParty(node.proxyUrl, '/theirs/x');
    client.say('one');
    upstream.last.say('still open');
    await client.hears('still open');
    client.socket.terminate();
  });

  it('come to plugins with the request, the target, the config of the slot, and attributes that both directions share', async () => {
    const client = await openParty(node.proxyUrl, '/tells/x?a=1', { headers: { cookie: 'c=d' } });
    client.say('hidden');
    await eventually(() => expect(client.heard).toHaveLength(1));
    expect(upstream.last.heard).toEqual(['marked']);
    const { port } = new URL(upstream.url);
    expect(inputIn(String(client.heard[0]))).toEqual({
      snowflake: expect.stringMatching(/^rq_/),
      idx: 1,
      attrs: { mark: 1 },
      route: { id: expect.stringMatching(/^rt_/), name: 'route-tells' },
      config: { level: 3 },
      request: expect.objectContaining({ method: 'GET', path: '/tells/x', query: { a: ['1'] }, has_body: false }),
      otoroshi_request: expect.objectContaining({ path: '/x', cookies: [expect.objectContaining({ name: 'c', value: 'd' })] }),
      target: { hostname: '127.0.0.1', port: Number(port), tls: false },
      message: { kind: 'text', payload: 'marked' },
    });
    upstream.last.say(Buffer.from([0, 127, 128, 255]));
    await eventually(() => expect(client.heard).toHaveLength(2));
    expect(inputIn(String(client.heard[1]))).toMatchObject({ message: { kind: 'binary', payload: [0, 127, -128, -1] } });
    client.socket.terminate();
  });

  it('pass without compression on both sides, and with the sub-protocol that the upstream has chosen', async () => {
    const client = await openParty(node.proxyUrl, '/up/x', { protocols: ['chat.v1', 'chat.v2'] });
    expect([client.socket.protocol, client.socket.extensions]).toEqual(['chat.v2', '']);
    expect(upstream.asked.at(-1)?.headers['sec-websocket-extensions']).toBeUndefined();
    await client.say('hello').hears('HELLO');
    client.socket.terminate();
  });

  it('go through the slots of the settings first, whatever the route', async () => {
    const shouts = await transformer('all', shoutingGuest(['on_response_message']), { functionName: 'on_response_message' });
    const marks = await transformer('own', answeringGuestWith({ on_response_message: { before: '{"message":{"kind":"text","payload":"own"}}' } }), {
      functionName: 'on_response_message',
    });
    const routes = [anUpstreamRoute('/none', [upstream.url]), anUpstreamRoute('/own', [upstream.url], {}, { plugins: [aSlot(marks)] })];
    await node.apply([shouts, marks], routes, [aSlot(shouts)]);
    for (const [path, expected] of [
      ['/none', 'HELLO'],
      ['/own', 'own'],
    ] as const) {
      const client = await openParty(node.proxyUrl, `${path}/x`);
      await client.say('hello').hears(expected);
      client.socket.terminate();
    }
  });

  it('are not looked at on a route without such slots: compression is between client and upstream', async () => {
    await node.apply([], [anUpstreamRoute('/raw', [upstream.url])]);
    const client = await openParty(node.proxyUrl, '/raw/x');
    expect(client.socket.extensions).toBe('permessage-deflate');
    await client.say('hello'.repeat(1_000)).hears('hello'.repeat(1_000));
    client.socket.close(1000);
    await client.isClosed();
    expect(await accessLine('/raw/x')).not.toHaveProperty('messages');
  });
});
