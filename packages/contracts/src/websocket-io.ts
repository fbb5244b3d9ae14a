import { z } from 'zod';
import { AttributeChanges, type RawRequest, type TargetRequest } from './plugin-io.js';

/**
 * What a `websocket_transformer` is called by for the messages of each direction; those of a direction whose function its
 * module does not export pass as they are.
 */
export const messageFunctions = { toUpstream: 'on_request_message', toClient: 'on_response_message' } as const;

export type MessageDirection = keyof typeof messageFunctions;

/**
 * The functions that messages go to, where the module exports them. Otoroshi calls a function of another name for both
 * directions, and so is done here.
 */
export function messageFunctionsOf(functionName: string): Readonly<Record<MessageDirection, string>> {
  const isKnown = Object.values<string>(messageFunctions).includes(functionName);
  return isKnown ? messageFunctions : { toUpstream: functionName, toClient: functionName };
}

/** A message as inputs have it. Bytes are signed, as Otoroshi writes them. */
type WebSocketMessageJson = { kind: 'text'; payload: string } | { kind: 'binary'; payload: number[] };

/** What a `websocket_transformer` is called with: Otoroshi's form. */
export interface WebsocketTransformerInput {
  snowflake: string;
  /** The place of the slot among those that the connection's messages go through. */
  idx: number;
  /** The request that the connection began with. */
  request: RawRequest;
  /** The same as it went to the target. */
  otoroshi_request: TargetRequest;
  config: Record<string, unknown>;
  target: { hostname: string; port: number; tls: boolean } | null;
  /** They last as long as the connection, and both directions share them. */
  attrs: Record<string, unknown>;
  route: { id: string; name: string };
  message: WebSocketMessageJson;
}

const OutputMessage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('text'), payload: z.string() }),
  z
    .object({
      kind: z.literal('binary'),
      payload: z.array(z.int().min(-128).max(255)).nullish(),
      /** Not in Otoroshi: the same bytes, in a third of the size; it counts before `payload`. */
      payload_base64: z.base64().nullish(),
    })
    .refine(({ payload, payload_base64 }) => (payload ?? payload_base64) != null, { path: ['payload'], error: 'bytes are missing' }),
]);

/** The message that goes on; or with `error: true` none does, and a `statusCode` that is a close code closes the connection. */
export const WebsocketTransformerOutput = z.object({
  error: z.boolean().nullish(),
  message: OutputMessage.nullish(),
  statusCode: z.int().nullish(),
  reason: z.string().nullish(),
  attrs: AttributeChanges.nullish(),
});
export type WebsocketTransformerOutput = z.infer<typeof WebsocketTransformerOutput>;
