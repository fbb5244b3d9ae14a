/** A piece of a bundle that begins at a position, and where it came from; lines and columns begin at 0. */
interface Segment {
  readonly column: number;
  readonly source: number;
  readonly sourceLine: number;
  readonly sourceColumn: number;
}

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const positionPattern = /torii:bundle:(\d+):(\d+)/g;

let mappings = '';
let sources: readonly string[] = [];
/** Made of `mappings` when something has failed: functions that never do never pay for it. */
let decoded: Segment[][] | undefined;

/** The source map of the bundle: https://tc39.es/ecma426/#sec-mappings */
export function setSourceMap(map: { readonly mappings: string; readonly sources: readonly string[] }): void {
  mappings = map.mappings;
  sources = map.sources;
  decoded = undefined;
}

/** The text with positions in the bundle replaced by those in the sources. */
export function mapPositions(text: string): string {
  if (!text.includes('torii:bundle:')) return text;
  return text.replace(positionPattern, (_, line, column) => originOf(Number(line) - 1, Number(column)));
}

function originOf(line: number, column: number): string {
  decoded ??= decode(mappings);
  let found: Segment | undefined;
  for (const segment of decoded[line] ?? []) {
    if (segment.column > column) break;
    found = segment;
  }
  if (found === undefined) return 'the bundle';
  return `${sources[found.source]}:${found.sourceLine + 1}:${found.sourceColumn + 1}`;
}

function decode(text: string): Segment[][] {
  const state = { source: 0, sourceLine: 0, sourceColumn: 0 };
  return text.split(';').map((line) => {
    let column = 0;
    const segments: Segment[] = [];
    for (const encoded of line === '' ? [] : line.split(',')) {
      const [columnStep = 0, sourceStep = 0, lineStep = 0, sourceColumnStep = 0] = decodeNumbers(encoded);
      column += columnStep;
      state.source += sourceStep;
      state.sourceLine += lineStep;
      state.sourceColumn += sourceColumnStep;
      segments.push({ column, ...state });
    }
    return segments;
  });
}

/** Base64 VLQ: five bits a digit, least first, the sign in the lowest bit. */
function decodeNumbers(text: string): number[] {
  const numbers: number[] = [];
  let value = 0;
  let shift = 0;
  for (const character of text) {
    const digit = digits.indexOf(character);
    value += (digit & 31) * 2 ** shift;
    shift += 5;
    if (digit >= 32) continue;
    const magnitude = Math.floor(value / 2);
    numbers.push(value % 2 === 1 ? -magnitude : magnitude);
    value = 0;
    shift = 0;
  }
  return numbers;
}
