import { websocketTransformer } from '@torii/pdk';

/** Lets texts through to the server, without spaces around them; drops all that is not text. */
export const on_request_message = websocketTransformer(({ message }) => {
  if (message.kind !== 'text') return { error: true, reason: 'texts only' };
  return { error: false, message: { kind: 'text', payload: message.payload.trim() } };
});

/** Hides card numbers in what comes back. Without this function, messages to clients would pass as they are. */
export const on_response_message = websocketTransformer(({ message }) => {
  if (message.kind !== 'text') return { error: false, message };
  return { error: false, message: { kind: 'text', payload: message.payload.replace(/\b\d{12}(\d{4})\b/g, '************$1') } };
});
