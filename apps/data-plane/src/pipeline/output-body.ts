import { AppError, type OutputContent } from '@torii/contracts';

export interface GivenBody {
  readonly content: string | Uint8Array;
  /** It was given as text, not as bytes. */
  readonly isText: boolean;
}

/**
 * The first of the five body forms that is given; a blank string counts as not given. Undefined when none is. Throws
 * `plugin.bad_output` for base64 that is none.
 */
export function givenBody(output: OutputContent): GivenBody | undefined {
  if (isGiven(output.body_str)) return { content: output.body_str, isText: true };
  if (isGiven(output.body)) return { content: output.body, isText: true };
  if (output.body_json != null) return { content: JSON.stringify(output.body_json), isText: true };
  if (isGiven(output.body_base64)) return { content: base64(output.body_base64), isText: false };
  if (output.body_bytes != null) return { content: Uint8Array.from(output.body_bytes, (byte) => byte & 0xff), isText: false };
  return undefined;
}

/** The bytes of a body, which are those of its UTF-8 when it is text. */
export function bytesOf(body: string | Uint8Array): Uint8Array {
  return typeof body === 'string' ? Buffer.from(body) : body;
}

function base64(text: string): Uint8Array {
  const compact = text.replace(/\s/g, '');
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(compact)) throw new AppError('plugin.bad_output', { detail: 'body_base64 is not base64' });
  return Buffer.from(compact, 'base64');
}

function isGiven(text: string | null | undefined): text is string {
  return text != null && /\S/.test(text);
}
