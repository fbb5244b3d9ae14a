import { AppError, type MessageDirection, type WebsocketTransformerInput, WebsocketTransformerOutput } from '@torii/contracts';
import type { UpgradedResponse } from '../upstream/upgrade-call.js';
import { changeAttributes } from './added-headers.js';
import type { BoundPlugin } from './bound-plugin.js';
import { type CallContext, isInScope, noteNotCalled } from './call-plugin.js';
import type { Exchange } from './exchange.js';
import type { WebSocketMessage } from './message-input.js';
import type { ParsedOutput } from './parse-output.js';
import { readOutput } from './read-output.js';
import type { MessageSlot } from './route-slots.js';
import { runSlot } from './run-slot.js';

/** The beginning of a WebSocket whose messages plugins see. */
export interface WebSocketResponse extends UpgradedResponse {
  readonly messages: MessageSteps;
}

/** What becomes of a message: it goes on, as it was or as plugins have made it; it is dropped; or it ends the connection. */
export type MessageVerdict =
  | { readonly kind: 'message'; readonly message: WebSocketMessage }
  | { readonly kind: 'dropped' }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string };

/** The slots that a route has for messages on this path. */
export function messageSlotsFor(context: CallContext, exchange: Exchange, slots: readonly MessageSlot[]): readonly MessageSlot[] {
  return slots.filter((slot) => isInScope(context, slot, exchange));
}

/** The plugins that the messages of one connection go through, in the order of their slots in both directions. */
export class MessageSteps {
  private readonly targetJson: string;
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly slots: readonly MessageSlot[],
    private readonly exchange: Exchange,
    targetUrl: string | undefined,
  ) {
    this.targetJson = targetUrl === undefined ? 'null' : JSON.stringify(targetOf(targetUrl));
  }

  /**
   * What becomes of a message. There is one call at a time, over both directions: they share the attributes. A direction that no
   * plugin has a function for does not wait for the other.
   *
   * Throws `plugin.*` and `capacity.*` when a plugin failed that may not be skipped; `client.body_too_large` for a message of the
   * client, and `plugin.limit_exceeded` for one of the upstream, that is larger than such a plugin takes; `client.gone`.
   */
  run(context: CallContext, direction: MessageDirection, message: WebSocketMessage): Promise<MessageVerdict> {
    if (this.slots.every(({ functionNames }) => functionNames[direction] === undefined)) return Promise.resolve({ kind: 'message', message });
    const verdict = this.last.then(() => this.runAll(context, direction, message));
    const forget = (): void => undefined;
    this.last = verdict.then(forget, forget); // the message must not stay in memory until the next one
    return verdict;
  }

  private async runAll(context: CallContext, direction: MessageDirection, message: WebSocketMessage): Promise<MessageVerdict> {
    let current = message;
    for (const [index, slot] of this.slots.entries()) {
      const functionName = slot.functionNames[direction];
      if (functionName === undefined || isTooLarge(context, direction, current, slot)) continue;
      const seen = current;
      const verdict = await runSlot<MessageVerdict>(context, this.exchange, {
        slot,
        functionName,
        bodyBytes: seen.bytes.length,
        encode: () => slot.encodeInput(this.exchange, { message: seen, index, targetJson: this.targetJson }),
        read: (bytes) => readVerdict(slot.plugin, bytes, this.exchange),
        asOtoroshi: (error) => {
          throw error;
        },
      });
      if (verdict === undefined) continue;
      if (verdict.kind !== 'message') return verdict;
      current = verdict.message;
    }
    return { kind: 'message', message: current };
  }
}

/** Whether the slot is to be skipped because its plugin does not take such a message; throws when it may not be. */
function isTooLarge(context: CallContext, direction: MessageDirection, { bytes }: WebSocketMessage, slot: MessageSlot): boolean {
  const { bodyMaxBytes, name } = slot.plugin;
  if (bytes.length <= bodyMaxBytes) return false;
  noteNotCalled(context, slot, 'plugin.limit_exceeded');
  if (slot.isSkippable) return true;
  const detail = `a message of ${bytes.length} bytes is larger than the ${bodyMaxBytes} that plugin ${name} takes`;
  throw new AppError(direction === 'toUpstream' ? 'client.body_too_large' : 'plugin.limit_exceeded', { detail });
}

function readVerdict(plugin: BoundPlugin, bytes: Uint8Array, exchange: Exchange): ParsedOutput<MessageVerdict> {
  const { output, isLenient } = readOutput(plugin, bytes, WebsocketTransformerOutput);
  const verdict = verdictOf(output, plugin);
  changeAttributes(exchange.attributes, output.attrs);
  return { output: verdict, isLenient };
}

function verdictOf({ error, message, statusCode, reason }: WebsocketTransformerOutput, { compat }: BoundPlugin): MessageVerdict {
  if (error === true) {
    // Otoroshi drops the message whatever the code.
    const isClosing = compat === undefined && statusCode != null && isCloseCode(statusCode);
    return isClosing ? { kind: 'close', code: statusCode, reason: reason ?? '' } : { kind: 'dropped' };
  }
  if (message != null) return { kind: 'message', message: messageOf(message) };
  if (compat !== undefined) return { kind: 'message', message: { bytes: Buffer.alloc(0), isText: true } };
  throw new AppError('plugin.bad_output', { detail: 'at /message: it must be there, unless error is true' });
}

/** Whether an endpoint may send it (RFC 6455 section 7.4, and the registry of close codes). */
function isCloseCode(code: number): boolean {
  const isRegistered = code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code);
  return isRegistered || (code >= 3000 && code <= 4999);
}

function messageOf(message: NonNullable<WebsocketTransformerOutput['message']>): WebSocketMessage {
  if (message.kind === 'text') return { bytes: Buffer.from(message.payload), isText: true };
  const { payload, payload_base64: base64 } = message;
  return { bytes: base64 == null ? Buffer.from(payload ?? []) : Buffer.from(base64, 'base64'), isText: false };
}

function targetOf(url: string): NonNullable<WebsocketTransformerInput['target']> {
  const { hostname, port, protocol } = new URL(url);
  const tls = protocol === 'https:';
  return { hostname, port: port === '' ? (tls ? 443 : 80) : Number(port), tls };
}
