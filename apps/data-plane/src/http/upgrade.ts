import { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type AppError, requestIdHeader } from '@torii/contracts';
import type { WebSocketResponse } from '../pipeline/message-steps.js';
import { MessageTally, type Trace } from '../pipeline/trace.js';
import { type TunnelEnd, tunnel } from '../upstream/tunnel.js';
import type { UpgradedResponse } from '../upstream/upgrade-call.js';
import { type RelayDeps, relayMessages } from '../websocket/message-relay.js';
import { hasBody } from './write-response.js';

/** A client's wish to speak another protocol on its connection. */
export interface ClientUpgrade extends TunnelEnd {
  readonly socket: Socket;
  readonly protocol: string;
}

/** Whether a request is to be seen as one to change the protocol: not when it has a body, nor to HTTP/2, which is not spoken here. Others are answered as if they did not ask. */
export function asksForUpgrade(req: IncomingMessage): boolean {
  const protocol = req.headers.upgrade?.toLowerCase();
  return protocol !== undefined && protocol !== 'h2c' && req.method === 'GET' && req.httpVersion === '1.1' && !hasBody(req);
}

/** Whether node's parser takes a request for one to change the protocol, which is not the same as our doing so. */
export function mentionsUpgrade(req: IncomingMessage): boolean {
  return req.headers.upgrade !== undefined && (req.headers.connection ?? '').toLowerCase().includes('upgrade');
}

/** A response on a connection that node has left to us; it ends with the response. */
export function responseOn(req: IncomingMessage, socket: Socket): ServerResponse {
  const res = new ServerResponse(req);
  res.shouldKeepAlive = false;
  res.assignSocket(socket);
  res.once('finish', () => socket.destroySoon());
  return res;
}

/** Tells the client that the protocol changes, and carries it until it ends, its messages through their plugins. Rejects with why it broke off. */
export async function writeUpgraded(
  res: ServerResponse,
  client: ClientUpgrade | undefined,
  response: UpgradedResponse | WebSocketResponse,
  { requestId, trace, deps }: { readonly requestId: string; readonly trace: Trace; readonly deps: RelayDeps },
): Promise<void> {
  const { headers, tunnel: far } = response;
  if (client === undefined) throw new TypeError('a connection that is HTTP alone cannot be upgraded');
  const { socket } = client;
  res.statusCode = 101;
  res.detachSocket(socket);
  const lines = Object.entries({ ...headers, [requestIdHeader]: requestId }).flatMap(([name, value]) =>
    [value].flat().map((one) => `${name}: ${one}\r\n`),
  );
  socket.write(`HTTP/1.1 101 ${STATUS_CODES[101]}\r\n${lines.join('')}\r\n`, 'latin1');
  const failure = 'messages' in response ? await relay(client, response, trace, deps) : await tunnel(client, far, far.idleMs);
  if (failure !== undefined) throw failure;
}

/** As for connections to upstreams. */
const keepAliveProbeMs = 60_000;

function relay(client: ClientUpgrade, { tunnel: far, messages }: WebSocketResponse, trace: Trace, deps: RelayDeps): Promise<AppError | undefined> {
  const tally = new MessageTally();
  trace.messages = tally;
  // The upstream's pings are answered here, and keep the connection from being idle: a client that is gone would never be noticed.
  client.socket.setKeepAlive(true, keepAliveProbeMs);
  return relayMessages({ client, upstream: far, steps: messages, idleMs: far.idleMs, tally }, deps);
}
