import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SnapshotPlugin, SnapshotRoute } from '@torii/contracts';
import { answeringGuest, compileWat, eventually, guest } from '@torii/test-kit';
import { aPlugin, TestNode } from './a-node.js';
import { aSlot } from './a-slot.js';
import { anUpstreamRoute } from './an-upstream-route.js';
import { shoutingGuest } from './message-guests.js';
import { RawConnection, type RawUpstream, startRawUpstream } from './raw-http.js';
import { accessLineOf, openParty, type Party, saysAgain, WebSocketUpstream } from './websocket-parties.js';

const node = new TestNode();
const kind = 'websocket_transformer';
/** Never comes back from a message of the client, and leaves those of the upstream alone. */
const staysAtRequests = '(module (func (export "on_request_message") (result i32) (loop $again (br $again)) (i32.const 0)))';
const messageMaxBytes = 128 * 1024;
const roomBytes = 1024 * 1024;

const upstream = new WebSocketUpstream((party, { url = '' }) => {
  if (url.includes('/closes')) party.socket.once('message', () => party.socket.close(4001, 'upstream is done'));
  else if (url.includes('/goes')) party.socket.once('message', () => party.say('one', 'two').socket.send('three', () => party.socket.terminate()));
  else if (url.includes('/large')) party.socket.once('message', () => party.say('x'.repeat(messageMaxBytes + 1)));
  else saysAgain(party);
});
let raw: RawUpstream;
let rawSockets: Socket[] = [];
let plugins: SnapshotPlugin[] = [];
let routes: SnapshotRoute[] = [];

const handshake = (path: string, more = 'Upgrade: websocket\r\n'): string =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n${more}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;

/** An agreement, whatever else it says, to the handshake that came (RFC 6455 section 4.2.2). */
function switches(received: string, more: string): string {
  const key = /sec-websocket-key: (\S+)/i.exec(received)?.[1] ?? '';
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n${more}Sec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

const accessLine = (path: string) => accessLineOf(path, () => node.node.logs);

/** What the two sides are told, and the node notes, of a connection on which the client says this. */
async function ends(path: string, ...messages: (string | Buffer)[]): Promise<{ client: unknown; upstream: unknown; code: unknown }> {
  const client = await openParty(node.proxyUrl, path);
  const above = upstream.last;
  client.say(...messages);
  const told = await client.isClosed();
  return { client: told, upstream: await above.isClosed(), code: (await accessLine(path)).code };
}

beforeAll(async () => {
  await upstream.start();
  raw = await startRawUpstream((socket, received) => {
    rawSockets.push(socket);
    if (received.includes('/compresses')) socket.write(switches(received, 'Upgrade: websocket\r\nSec-WebSocket-Extensions: permessage-deflate\r\n'));
    else if (received.includes('/other')) socket.write(switches(received, 'Upgrade: chess\r\n'));
    else if (received.includes('/refuses')) socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
    else if (received.endsWith('\r\n\r\n')) socket.write(switches(received, 'Upgrade: websocket\r\n'));
  });
  await node.start({
    TORII_DATA_THREADS: '1',
    TORII_WEBSOCKET_MESSAGE_BYTES: String(messageMaxBytes),
    TORII_WEBSOCKET_CLOSE_TIMEOUT_MS: '4000',
    TORII_REQUEST_BYTES_MAX: String(roomBytes),
    TORII_SHUTDOWN_TIMEOUT_MS: '5000',
  });
  const plugin = async (name: string, bytes: Promise<Uint8Array>, limits = {}, part = {}): Promise<SnapshotPlugin> => {
    const made = aPlugin(node.artifacts.add(await bytes), { name, kind, limits, ...part });
    plugins.push(made);
    return made;
  };
  const shouts = await plugin('shouts', shoutingGuest(['run']), { cpuMs: 10_000 });
  const small = await plugin('small', shoutingGuest(['run']), { requestMaxBytes: 10 });
  const traps = await plugin('traps', guest('trap'));
  const loops = await plugin('loops', guest('loop-forever'), { cpuMs: 100 });
  const stays = await plugin('stays', compileWat(staysAtRequests), { cpuMs: 60_000, wallMs: 60_000 }, { functionName: 'on_request_message' });
  const garbles = await plugin('garbles', answeringGuest('hello'));
  const forgets = await plugin('forgets', answeringGuest('{"error":false}'));
  const route = (path: string, slot: SnapshotPlugin, part: Parameters<typeof aSlot>[1] = {}, target = {}, url = upstream.url): void => {
    routes.push(anUpstreamRoute(path, [url], target, { plugins: [aSlot(slot, part)] }));
  };
  route('/shouts', shouts);
  route('/small', small);
  route('/small-skipped', small, { onError: 'skip' });
  for (const failing of [traps, loops, garbles, forgets]) route(`/${failing.name}`, failing);
  route('/traps-skipped', traps, { onError: 'skip' });
  route('/stays', stays);
  route('/idle', shouts, {}, { timeouts: { idleMs: 200 } });
  route('/raw', shouts, {}, {}, raw.url);
  await node.apply(plugins, routes);
});
afterAll(async () => {
  await node.stop();
  await upstream.stop();
  await raw.close();
});

describe('a WebSocket whose plugin fails', () => {
  it.each([
    ['traps', 'plugin.trapped'],
    ['loops', 'plugin.deadline_exceeded'],
    ['garbles', 'plugin.bad_output'],
    ['forgets', 'plugin.bad_output'],
  ])('is closed on both sides when it %s', async (name, code) => {
    expect(await ends(`/${name}/x`, 'hello')).toEqual({ client: { code: 1011, reason: code }, upstream: { code: 1001, reason: '' }, code });
    expect(upstream.last.heard).toEqual([]);
  });

  it('carries messages as they are when the slot is to be skipped, and counts the failures', async () => {
    const client = await openParty(node.proxyUrl, '/traps-skipped/x');
    await client.say('hello').hears('hello');
    client.socket.close(1000);
    await client.isClosed();
    expect((await accessLine('/traps-skipped/x')).messages).toMatchObject({ fromClient: 1, fromUpstream: 1 });
  });
});

describe('a message that is too large', () => {
  it('closes the connection when it is one of the client, for its plugin or for the node', async () => {
    const code = 'client.body_too_large';
    expect(await ends('/small/x', 'x'.repeat(11))).toEqual({ client: { code: 1009, reason: code }, upstream: { code: 1001, reason: '' }, code });
    const { client, ...others } = await ends('/shouts/x', 'x'.repeat(messageMaxBytes + 1));
    expect(client).toMatchObject({ code: 1009 });
    expect(others).toEqual({ upstream: { code: 1001, reason: '' }, code });
  });

  it('closes the connection when it is one of the upstream, which is told why', async () => {
    const { client, upstream: above, code } = await ends('/shouts/large', 'go');
    expect([client, above, code]).toEqual([{ code: 1014, reason: 'upstream.reset' }, expect.objectContaining({ code: 1009 }), 'upstream.reset']);
  });

  it('passes as it is where the slot is to be skipped', async () => {
    const client = await openParty(node.proxyUrl, '/small-skipped/x');
    await client.say('x'.repeat(11), 'small').hears('x'.repeat(11), 'SMALL');
    client.socket.terminate();
  });
});

describe('a WebSocket of which one side ends', () => {
  it('passes on the code and the reason of the upstream', async () => {
    const told = { code: 4001, reason: 'upstream is done' };
    expect(await ends('/shouts/closes', 'go')).toEqual({ client: told, upstream: told, code: undefined });
  });

  it('passes on a closing without a code', async () => {
    const client = await openParty(node.proxyUrl, '/shouts/x');
    client.socket.close();
    expect(await client.isClosed()).toEqual({ code: 1005, reason: '' });
    expect(await upstream.last.isClosed()).toEqual({ code: 1005, reason: '' });
  });

  it('delivers what the upstream had sent before it was gone, then says so', async () => {
    const client = await openParty(node.proxyUrl, '/shouts/goes');
    client.say('go');
    expect(await client.isClosed()).toEqual({ code: 1014, reason: 'upstream.reset' });
    expect(client.heard).toEqual(['ONE', 'TWO', 'THREE']);
    expect(await accessLine('/shouts/goes')).toMatchObject({ code: 'upstream.reset', messages: { fromUpstream: 3 } });
  });

  it('goes on the other way and answers pings while a call is under way, which it gives up when the client is gone', async () => {
    const client = await openParty(node.proxyUrl, '/stays/x');
    const above = upstream.last;
    client.say('hello');
    await eventually(async () => expect(await busyInstances('stays')).toBe(1));
    client.socket.ping('still there?');
    await eventually(() => expect(client.pongs).toEqual(['still there?']));
    above.say('from above');
    await client.hears('from above');
    client.socket.terminate();
    expect(await above.isClosed()).toEqual({ code: 1001, reason: '' });
    expect(await accessLine('/stays/x')).toMatchObject({ code: 'client.gone', messages: { fromClient: 1, failedCalls: 1 } });
    await eventually(async () => expect(await busyInstances('stays')).toBe(0));
  });

  it('is ended when the other side does not answer that it is closed', async () => {
    const client = await openParty(node.proxyUrl, '/raw/x');
    client.socket.close(1000);
    expect((await client.isClosed()).code).toBe(1000);
    await eventually(() => expect(rawSockets.at(-1)?.readableEnded).toBe(true));
  });

  it('is closed when nothing moves for idleMs', async () => {
    expect(await ends('/idle/x')).toEqual({
      client: { code: 1001, reason: 'upstream.deadline_exceeded' },
      upstream: { code: 1001, reason: '' },
      code: 'upstream.deadline_exceeded',
    });
  });
});

describe('a client that is gone without a word', () => {
  it('is looked for by the system, since nothing need be sent to it while only its upstream speaks', async () => {
    const client = new RawConnection(node.proxyUrl).send(handshake('/shouts/silent'));
    await client.has('\r\n\r\n');
    const ports = { local: Number(new URL(node.proxyUrl).port), remote: client.socket.localPort ?? 0 };
    await eventually(async () => expect(await tcpTimerOf(ports)).toBe(keepAliveTimer));
    client.socket.destroy();
  });
});

describe('a client that breaks the protocol', () => {
  it.each([
    ['frames without a mask', Buffer.from([0x81, 0x01, 0x61]), 1002],
    ['a text that is no UTF-8', Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0xff]), 1007],
    ['compressed frames', Buffer.from([0xc1, 0x81, 0, 0, 0, 0, 0x61]), 1002],
  ])('is told so, and the upstream that it has gone away, for %s', async (_, frames, code) => {
    const client = new RawConnection(node.proxyUrl).send(handshake('/shouts/broken'));
    await client.has('\r\n\r\n');
    const above = await eventually(() => upstream.last);
    client.send(frames);
    expect(await above.isClosed()).toEqual({ code: 1001, reason: '' });
    const all = await client.whole();
    const told = Buffer.from(all.slice(all.indexOf('\r\n\r\n') + 4), 'latin1');
    expect([told[0], told.readUInt16BE(2)]).toEqual([0x88, code]);
  });
});

describe('the handshake of a WebSocket whose messages plugins see', () => {
  it.each([
    ['an extension that it was not asked for', handshake('/raw/compresses'), /^HTTP\/1.1 502 [\s\S]*upstream.reset/],
    ['another protocol', handshake('/raw/other'), /^HTTP\/1.1 502 [\s\S]*upstream.reset/],
    ['WebSocket when it was asked for another', handshake('/raw/x', 'Upgrade: chess\r\n'), /^HTTP\/1.1 502 [\s\S]*upstream.reset/],
  ])('fails when the upstream agrees to %s', async (_, sent, expected) => {
    expect(await new RawConnection(node.proxyUrl).send(sent).whole()).toMatch(expected);
  });

  it('passes on the answer of an upstream that refuses', async () => {
    expect(await new RawConnection(node.proxyUrl).send(handshake('/raw/refuses')).whole()).toMatch(/^HTTP\/1.1 403 [\s\S]*\r\n\r\nno$/);
  });

  it('asks for WebSocket alone when the client names other protocols too', async () => {
    const client = new RawConnection(node.proxyUrl).send(handshake('/raw/x', 'Upgrade: chess, WebSocket/13\r\n'));
    await client.has('HTTP/1.1 101 ');
    expect(raw.received.at(-1)).toMatch(/\r\nupgrade: websocket\r\n/i);
    client.socket.destroy();
  });

  it('leaves another protocol alone', async () => {
    const client = new RawConnection(node.proxyUrl).send(handshake('/raw/other', 'Upgrade: chess\r\n'));
    await client.has('HTTP/1.1 101 ');
    rawSockets.at(-1)?.write('e4');
    await client.has('\r\n\r\ne4');
    client.socket.destroy();
    rawSockets.at(-1)?.destroy();
  });
});

describe('many messages', () => {
  it('wait at their source while the other side takes none, so that they need not fit into memory', async () => {
    const client = await openParty(node.proxyUrl, '/shouts/x');
    const above: Party = upstream.last;
    above.socket.pause();
    const messages = Array.from({ length: 400 }, (_, index) => `${index} `.padEnd(32 * 1024, 'X'));
    client.say(...messages);
    // Twelve times the room there is would break the connection off, were they taken in.
    await eventually(() => expect(client.socket.bufferedAmount).toBeGreaterThan(0));
    above.socket.resume();
    await eventually(() => expect(above.heard.length).toBe(messages.length), { timeoutMs: 240_000 });
    expect(above.heard).toEqual(messages);
    client.socket.terminate();
  });
});

describe('messages that come in part', () => {
  it('are refused when there is no room for more of them, and those that have room go on', async () => {
    const payload = Buffer.alloc(120 * 1024, 'x');
    const head = Buffer.alloc(14);
    head.set([0x81, 0x80 + 127]);
    head.writeUIntBE(payload.length, 4, 6);
    const all = Buffer.concat([head, payload]);
    const clients = await Promise.all(
      Array.from({ length: 9 }, async () => {
        const client = new RawConnection(node.proxyUrl).send(handshake('/shouts/part'));
        await client.has('\r\n\r\n');
        return client;
      }),
    );
    const framesTo = ({ received }: RawConnection): Buffer => Buffer.from(received.slice(received.indexOf('\r\n\r\n') + 4), 'latin1');
    for (const client of clients) client.send(all.subarray(0, -1));
    const refused = await eventually(() => clients.find((client) => framesTo(client)[0] === 0x88) ?? false);
    expect(framesTo(refused as RawConnection).readUInt16BE(2)).toBe(1013);
    const others = clients.filter((client) => client !== refused);
    for (const client of others) client.send(all.subarray(-1));
    await eventually(() => expect(others.map((client) => framesTo(client).length)).toEqual(others.map(() => 10 + payload.length)));
    for (const client of clients) client.socket.destroy();
  });
});

describe('a WebSocket that is open when the configuration changes', () => {
  it('keeps its plugins, and their instances, until it ends, and a new one has the new ones', async () => {
    const before = await openParty(node.proxyUrl, '/shouts/x');
    await before.say('one').hears('ONE');
    await node.apply([], [anUpstreamRoute('/shouts', [upstream.url])]);
    await before.say('two').hears('ONE', 'TWO');
    const after = await openParty(node.proxyUrl, '/shouts/x');
    await after.say('two').hears('two');
    after.socket.terminate();
    before.socket.close(1000);
    expect((await before.isClosed()).code).toBe(1000);
    await eventually(async () => expect(await liveInstances()).toBe(0));
    await node.apply(plugins, routes);
  });
});

describe('a node that stops', () => {
  it('lets a WebSocket go on until its time is over', async () => {
    const client = await openParty(node.proxyUrl, '/shouts/x');
    const stopped = node.stopProcess();
    await client.say('still there').hears('STILL THERE');
    await stopped;
    expect((await client.isClosed()).code).toBe(1006);
    plugins = [];
    routes = [];
    rawSockets = [];
  });
});

/** What Linux calls the timer by which it asks whether the other end is there (`proc_net_tcp.txt`). */
const keepAliveTimer = '02';

/** The kind of the timer that runs for a connection of this machine, at the end with that local port. */
async function tcpTimerOf({ local, remote }: { readonly local: number; readonly remote: number }): Promise<string | undefined> {
  const portOf = (address = ''): number => Number.parseInt(address.split(':')[1] ?? '', 16);
  const texts = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readFile(file, 'latin1').catch(() => '')));
  const rows = texts.flatMap((text) => text.split('\n')).map((line) => line.trim().split(/\s+/));
  return rows.find(([, from, to]) => portOf(from) === local && portOf(to) === remote)?.[5]?.split(':')[0];
}

async function liveInstances(): Promise<number> {
  const text = await (await fetch(`${node.internalUrl}/metrics`)).text();
  expect(text).toContain('torii_guest_memory_bytes');
  const lines = text.split('\n').filter((one) => one.startsWith('torii_instances{'));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

async function busyInstances(plugin: string): Promise<number> {
  const text = await (await fetch(`${node.internalUrl}/metrics`)).text();
  const line = text
    .split('\n')
    .find((one) => one.startsWith('torii_plugin_instances{') && one.includes(`plugin="${plugin}"`) && one.includes('leased'));
  return Number(line?.split(' ').at(-1) ?? 0);
}
