import { FilePath, type SourceFile } from '@torii/contracts';

/** The most that one UTF-16 unit takes in UTF-8, and what half of a pair would. */
const unitMaxBytes = 3;

/** What a file holds. Only a checked file has valid base64. */
export function bytesOf(file: SourceFile): Buffer {
  return file.encoding === 'base64' ? Buffer.from(file.content, 'base64') : utf8Of(file.content);
}

/** How many bytes a file has, without making them. */
export function sizeOf(file: SourceFile): number {
  return Buffer.byteLength(file.content, file.encoding === 'base64' ? 'base64' : 'utf8');
}

/**
 * A file as it is kept: text where its bytes are UTF-8 that the database can hold, else base64. Equal bytes are so kept
 * alike, however they came, and sources with equal files have equal hashes.
 */
export function fileOf(path: FilePath, bytes: Buffer): SourceFile {
  const text = textOf(bytes);
  return text === undefined ? { path, content: bytes.toString('base64'), encoding: 'base64' } : { path, content: text, encoding: 'utf8' };
}

function textOf(bytes: Buffer): string | undefined {
  if (bytes.includes(0)) return undefined; // PostgreSQL holds no NUL in texts
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * UTF-8, except that half of a surrogate pair, which JSON can carry and UTF-8 cannot, keeps the three bytes it would
 * have (WTF-8): replacing it would change the file without a word.
 */
function utf8Of(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8');
  const bytes = Buffer.allocUnsafe(text.length * unitMaxBytes); // one buffer: there may be a million halves
  let end = 0;
  let next = 0;
  // With the u flag a whole pair is one character, and no half.
  for (const { index } of text.matchAll(/[\uD800-\uDFFF]/gu)) {
    end += bytes.write(text.slice(next, index), end, 'utf8');
    end = writeHalf(bytes, text.charCodeAt(index), end);
    next = index + 1;
  }
  end += bytes.write(text.slice(next), end, 'utf8');
  return bytes.subarray(0, end);
}

/** Answers where the next byte goes. */
function writeHalf(bytes: Buffer, unit: number, at: number): number {
  bytes[at] = 0xe0 | (unit >> 12);
  bytes[at + 1] = 0x80 | ((unit >> 6) & 0x3f);
  bytes[at + 2] = 0x80 | (unit & 0x3f);
  return at + unitMaxBytes;
}
