import { type FunctionRun, runLimits } from '@torii/contracts';

type Output = FunctionRun['output'];

export const noOutput: Output = { encoding: 'utf8', content: '', bytes: 0, truncated: false };

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** How many bytes of a character of UTF-8 a cut may leave behind. */
const characterPartMaxBytes = 3;

/** What a function wrote, cut to `runLimits.outputMaxBytes`: as text where it is UTF-8, as base64 where it is not. */
export function sampleOf(output: Uint8Array): Output {
  const truncated = output.length > runLimits.outputMaxBytes;
  const bytes = output.subarray(0, runLimits.outputMaxBytes);
  const text = textOf(bytes, truncated);
  if (text !== undefined) return { encoding: 'utf8', content: text, bytes: output.length, truncated };
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  return { encoding: 'base64', content, bytes: output.length, truncated };
}

/** Undefined when it is no UTF-8. A character that was cut in two is left out. */
function textOf(bytes: Uint8Array, isCut: boolean): string | undefined {
  for (let left = 0; left <= (isCut ? characterPartMaxBytes : 0); left += 1) {
    try {
      return strict.decode(bytes.subarray(0, bytes.length - left));
    } catch {
      // Tried again without the last byte, if there may be a part of a character.
    }
  }
  return undefined;
}
