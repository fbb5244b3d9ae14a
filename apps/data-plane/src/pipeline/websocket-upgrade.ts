import { AppError } from '@torii/contracts';
import type { UpgradedResponse } from '../upstream/upgrade-call.js';
import type { Exchange } from './exchange.js';
import type { AnyResponse, OutgoingRequest } from './gateway-request.js';
import { MessageSteps, messageSlotsFor, type WebSocketResponse } from './message-steps.js';
import type { ProxyContext } from './proxy.js';
import type { MessageSlot } from './route-slots.js';

const extensionsHeader = 'sec-websocket-extensions';

interface Asking<Context> {
  /** Of the route, for messages. */
  readonly slots: readonly MessageSlot[];
  /** Has the target answer. */
  readonly ask: (context: Context, exchange: Exchange) => AnyResponse | Promise<AnyResponse>;
}

/**
 * Has the target answer. When the client asks for a WebSocket whose messages plugins are to see, the target is asked for one
 * without extensions, and what it agrees to comes with these plugins.
 *
 * Throws what `ask` throws, and `upstream.reset` for an agreement to something else.
 */
export async function askThrough<Context extends ProxyContext>(
  context: Context,
  exchange: Exchange,
  { slots, ask }: Asking<Context>,
): Promise<AnyResponse | WebSocketResponse> {
  const { upgradeTo, trace } = context;
  if (upgradeTo === undefined || slots.length === 0) return ask(context, exchange);
  const messageSlots = messageSlotsFor(context, exchange, slots);
  if (messageSlots.length === 0) return ask(context, exchange);
  const isAsked = isWebSocket(upgradeTo);
  if (isAsked) exchange.change(withoutExtensions(exchange.outgoing));
  const response = await ask(isAsked ? { ...context, upgradeTo: 'websocket' } : context, exchange);
  if (!('tunnel' in response)) return response;
  try {
    refuseOtherAgreement(response, isAsked);
  } catch (error) {
    response.tunnel.socket.destroy();
    throw error;
  }
  if (!isAsked) return response;
  return { ...response, messages: new MessageSteps(messageSlots, exchange, trace.upstreamAttempts.at(-1)?.peerUrl) };
}

/** Whether an `Upgrade` field asks for WebSocket, among others or alone (RFC 9110 section 7.8). */
function isWebSocket(upgrade: string): boolean {
  return upgrade.split(',').some((protocol) => protocol.trim().split('/')[0]?.toLowerCase() === 'websocket');
}

/** Without what would change the form of frames, such as compression: those who read messages would have to know each. */
function withoutExtensions(outgoing: OutgoingRequest): OutgoingRequest {
  const rawHeaders = outgoing.rawHeaders.filter((_, index, all) => all[index - (index % 2)]?.toLowerCase() !== extensionsHeader);
  return rawHeaders.length === outgoing.rawHeaders.length ? outgoing : { ...outgoing, rawHeaders };
}

/**
 * Throws `upstream.reset` for an agreement to something that was not asked for: to an extension (RFC 6455 section 4.1), to another
 * protocol than WebSocket, or to WebSocket when it was another, by which messages would get past their plugins.
 */
function refuseOtherAgreement({ headers }: UpgradedResponse, isAsked: boolean): void {
  if (isWebSocket(String(headers.upgrade ?? '')) !== isAsked) {
    throw new AppError('upstream.reset', { detail: 'the upstream agreed to another protocol than the one it was asked for' });
  }
  if (isAsked && headers[extensionsHeader] !== undefined) {
    throw new AppError('upstream.reset', { detail: 'the upstream agreed to an extension of WebSocket that it was not asked for' });
  }
}
