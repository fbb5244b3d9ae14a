import { encodeSets, percentDecode, percentEncode } from './percent-encoding.js';
import { encodePunycode } from './punycode.js';

const forbiddenInDomain = /[\0-\x20#%/:<>?@[\\\]^|\x7f]/;
const forbiddenInOpaque = /[\0\t\n\r #/:<>?@[\\\]^|]/;

/**
 * A host in the form that URLs hold it: https://url.spec.whatwg.org/#host-parsing; undefined when it is none. Letters
 * outside of ASCII are made lower-case and normalised, not mapped by the tables of IDNA.
 */
export function parseHost(text: string, isSpecial: boolean): string | undefined {
  if (text.startsWith('[')) {
    const pieces = text.endsWith(']') ? parseIpv6(text.slice(1, -1)) : undefined;
    return pieces === undefined ? undefined : `[${formatIpv6(pieces)}]`;
  }
  if (!isSpecial) return forbiddenInOpaque.test(text) ? undefined : percentEncode(text, encodeSets.control);
  const domain = percentDecode(text)
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[。．｡]/g, '.')
    .replaceAll('\u00ad', '');
  const ascii = domain.split('.').map(toAscii).join('.');
  if (ascii === '' || forbiddenInDomain.test(ascii)) return undefined;
  return endsInNumber(ascii) ? parseIpv4(ascii) : ascii;
}

function toAscii(label: string): string {
  return /[^\0-\x7f]/.test(label) ? `xn--${encodePunycode(label)}` : label;
}

function endsInNumber(host: string): boolean {
  const parts = host.split('.');
  if (parts.at(-1) === '' && parts.length > 1) parts.pop();
  const last = parts.at(-1) ?? '';
  return /^[0-9]+$/.test(last) || /^0x[0-9a-f]*$/.test(last);
}

function parseIpv4(host: string): string | undefined {
  const parts = host.split('.');
  if (parts.at(-1) === '') parts.pop();
  if (parts.length > 4) return undefined;
  const numbers = parts.map(parseIpv4Number);
  const last = numbers.pop();
  if (last === undefined || last >= 256 ** (4 - numbers.length)) return undefined;
  let address = last;
  for (const [index, number] of numbers.entries()) {
    if (number === undefined || number > 255) return undefined;
    address += number * 256 ** (3 - index);
  }
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}

/** Decimal, octal behind 0, hexadecimal behind 0x; NaN never comes out. */
function parseIpv4Number(text: string): number | undefined {
  if (/^0x[0-9a-f]*$/.test(text)) return text === '0x' ? 0 : Number.parseInt(text, 16);
  if (/^0[0-7]*$/.test(text)) return Number.parseInt(text, 8);
  return /^[1-9][0-9]*$/.test(text) ? Number(text) : undefined;
}

function parseIpv6(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':')));
  if (head === undefined) return undefined;
  const before = parsePieces(head, tail === undefined);
  const after = tail === undefined ? [] : parsePieces(tail, true);
  if (before === undefined || after === undefined) return undefined;
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  return [...before, ...new Array<number>(missing).fill(0), ...after];
}

/** The last piece may be an IPv4 address. */
function parsePieces(pieces: readonly string[], isEnd: boolean): number[] | undefined {
  const numbers: number[] = [];
  for (const [index, piece] of pieces.entries()) {
    if (isEnd && index === pieces.length - 1 && piece.includes('.')) {
      const bytes = piece.split('.').map((part) => (/^(0|[1-9][0-9]{0,2})$/.test(part) ? Number(part) : 256));
      if (bytes.length !== 4 || bytes.some((byte) => byte > 255)) return undefined;
      const [a = 0, b = 0, c = 0, d = 0] = bytes;
      numbers.push(a * 256 + b, c * 256 + d);
      continue;
    }
    if (!/^[0-9A-Fa-f]{1,4}$/.test(piece)) return undefined;
    numbers.push(Number.parseInt(piece, 16));
  }
  return numbers;
}

/** The first longest run of zeros, of two or more, becomes `::`. */
function formatIpv6(pieces: readonly number[]): string {
  let [start, length] = [-1, 1];
  for (let at = 0; at < pieces.length; at += 1) {
    let end = at;
    while (pieces[end] === 0) end += 1;
    if (end - at > length) [start, length] = [at, end - at];
  }
  const hex = pieces.map((piece) => piece.toString(16));
  if (start === -1) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}
