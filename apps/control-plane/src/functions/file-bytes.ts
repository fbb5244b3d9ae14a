import { FilePath, type SourceFile } from '@torii/contracts';

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
  const parts = text.split(/([\uD800-\uDFFF])/u); // with the u flag a whole pair is one character, and no half
  return Buffer.concat(parts.map((part, index) => (index % 2 === 0 ? Buffer.from(part, 'utf8') : halfOf(part.charCodeAt(0)))));
}

function halfOf(unit: number): Buffer {
  return Buffer.from([0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)]);
}
