import type { WebsocketTransformerInput } from '@torii/contracts';
import type { Exchange } from './exchange.js';
import { jsonString, membersOf } from './json-text.js';
import { signedBytes } from './request-texts.js';

/** A message of a WebSocket, whole. */
export interface WebSocketMessage {
  /** UTF-8 when it is text. */
  readonly bytes: Buffer;
  readonly isText: boolean;
}

interface MessageOccasion {
  readonly message: WebSocketMessage;
  /** `WebsocketTransformerInput.idx`. */
  readonly index: number;
  /** `WebsocketTransformerInput.target`, in JSON. */
  readonly targetJson: string;
}

/** Writes the JSON that a plugin is called with, for one message and one slot. */
export type EncodeMessageInput = (exchange: Exchange, occasion: MessageOccasion) => string;

/** `WebsocketTransformerInput`. */
export function websocketTransformerInput(config: WebsocketTransformerInput['config']): EncodeMessageInput {
  const fixed = membersOf({ config } satisfies Partial<WebsocketTransformerInput>);
  return (exchange, { message, index, targetJson }) => {
    const { request, outgoing, texts, attributes } = exchange;
    return (
      `{"snowflake":"${request.id}","idx":${index},"attrs":${attributes.toJson()},"route":${request.routeJson},${fixed},` +
      `"request":${texts.raw()},"otoroshi_request":${texts.asOutgoing(outgoing)},"target":${targetJson},"message":${messageJson(message)}}`
    );
  };
}

function messageJson({ bytes, isText }: WebSocketMessage): string {
  const [kind, payload] = isText ? ['text', jsonString(bytes.toString())] : ['binary', signedBytes(bytes)];
  return `{"kind":"${kind}","payload":${payload}}`;
}
