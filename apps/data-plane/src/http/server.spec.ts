import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { NodeId } from '@torii/contracts';
import { createLogger, systemClock } from '@torii/service-kit';
import { eventually } from '@torii/test-kit';
import { ActiveRevision } from '../config/active-revision.js';
import { Meter } from '../metrics/meter.js';
import { MetricMemory } from '../metrics/metric-memory.js';
import { RequestMeter } from '../metrics/request-meter.js';
import { Inspector } from '../tester/inspector.js';
import { AccessLog } from './access-log.js';
import { BodyBudget } from './body-budget.js';
import { ConnectionShare } from './connection-share.js';
import { LoadShedder } from './load-shedder.js';
import { OverloadRefusal } from './overload-refusal.js';
import { ProxyServer } from './server.js';

const log = createLogger({ level: 'silent', app: 'test' });
const nodeId = NodeId.parse('nd_00000000-0000-7000-8000-000000000001');

function aServer(requestTimeoutMs = 60_000, shedder = new LoadShedder({ lagMs: 10_000 })): ProxyServer {
  const meter = new RequestMeter(new Meter(MetricMemory.create(1, { plugin: 1, route: 1, upstream: 1 }), 0));
  return new ProxyServer({
    activeRevision: new ActiveRevision(),
    requestTimeoutMs,
    bodyBudget: new BodyBudget(1024),
    maxConnections: 100,
    webSockets: { messageMaxBytes: 1_000_000, closeTimeoutMs: 1_000 },
    clock: systemClock,
    log,
    accessLog: new AccessLog(log),
    meter,
    refusal: new OverloadRefusal(meter, log),
    shedder,
    share: new ConnectionShare({ publish: () => undefined, loads: () => [] }),
    inspector: new Inspector({ nodeId, thread: 0, key: new Uint8Array(32), clock: systemClock, log, keep: () => undefined }),
  });
}

const request = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

/** A client whose connection is made in this turn, with all that it gets. */
function aClient(port: number): { readonly socket: Socket; readonly received: () => string; readonly closed: Promise<void> } {
  let received = '';
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  socket.setEncoding('latin1').on('data', (text) => {
    received += String(text);
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return { socket, received: () => received, closed };
}

/** Makes the clock stand still until it is told to go on, so that what is bounded by a moment is not over before it is tried. */
function stopClock(): (ms: number) => void {
  let nowMs = performance.now();
  jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
  return (ms) => {
    nowMs += ms;
  };
}

describe('ProxyServer', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('cuts off a client that does not read its answers, so that they do not stay in memory', async () => {
    const server = aServer(200);
    const port = await server.listen({ host: '127.0.0.1', port: 0, isShared: false });
    // The server's end of the connection: the client's end, which does not read, does not notice.
    const cut = new Promise<void>((resolve) => {
      const onSocket = (message: unknown): void => {
        const { socket } = message as { socket: Socket };
        if (socket.localPort !== port) return;
        unsubscribe('net.server.socket', onSocket);
        socket.once('close', () => resolve());
      };
      subscribe('net.server.socket', onSocket);
    });
    const client = connect(port, '127.0.0.1').pause();
    client.on('error', () => undefined);
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(50_000)); // more answers than all buffers on the way hold
    await cut;
    expect(client.bytesRead).toBe(0);
    client.destroy();
    await server.drain(1_000);
  });

  it('ends the connection of a request behind which it takes no other, also when it has too much to do to look at it', async () => {
    const shedder = new LoadShedder({ lagMs: -1, patienceMs: 0 });
    shedder.sample(0);
    const server = aServer(60_000, shedder);
    const port = await server.listen({ host: '127.0.0.1', port: 0, isShared: false });
    const { socket, received, closed } = aClient(port);
    socket.write('SETUP / RTSP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n');
    await closed;
    expect(received()).toMatch(/^HTTP\/1.1 503 [\s\S]*\r\nconnection: close\r\n/i);
    await server.drain(1_000);
  });

  it('answers requests on connections that nobody had taken when it was told to stop', async () => {
    const server = aServer();
    const port = await server.listen({ host: '127.0.0.1', port: 0, isShared: false });
    stopClock();
    const clients = Array.from({ length: 20 }, () => aClient(port));
    for (const { socket } of clients) socket.write(request);
    await new Promise<void>((resolve) => process.nextTick(resolve));
    await server.drain(10_000);
    for (const { closed, received } of clients) {
      await closed;
      expect(received()).toMatch(/^HTTP\/1.1 503 [\s\S]*\r\nconnection: close\r\n/i);
    }
  });

  it('answers a request that comes in the moment in which idle connections are closed', async () => {
    const server = aServer();
    const port = await server.listen({ host: '127.0.0.1', port: 0, isShared: false });
    const { socket, received, closed } = aClient(port);
    socket.write(request);
    await eventually(() => expect(received()).toMatch(/\}$/));
    const pass = stopClock();
    const drained = server.drain(10_000);
    for (let turn = 0; turn < 10; turn += 1) await nextTurn();
    // The thread is held up until after that moment, and closing them is due.
    pass(1_000);
    const heldUntilMs = Date.now() + 100;
    while (Date.now() < heldUntilMs);
    socket.write(request);
    await closed;
    expect(received()).toMatch(/\}HTTP\/1.1 503 [\s\S]*\r\nconnection: close\r\n/i);
    await drained;
  });
});
