import { decodedMappings, TraceMap } from '@jridgewell/trace-mapping';
import { moduleName, namespaces } from './module-names.js';

/** What the prelude finds positions with. */
export interface CompactSourceMap {
  readonly mappings: string;
  readonly sources: readonly string[];
}

type Segment = readonly number[];

/** Of the mappings of everything that is not the function's own; a bundle of large packages then tells their files only. */
const packageMappingsMax = 100_000;
const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/**
 * A source map that is small enough to be part of every module: without names and contents, and for the code of packages
 * with one position a line. Names are those that the author knows: `index.ts`, `node_modules/long/index.js`.
 */
export function compactSourceMap(json: string): CompactSourceMap {
  const map = new TraceMap(json);
  const isOwn = map.sources.map((source) => source?.startsWith(`${namespaces.source}:`) === true);
  const lines = decodedMappings(map);
  const ofPackages = lines.reduce((count, line) => count + line.filter(([, source]) => source !== undefined && !isOwn[source]).length, 0);
  const kept = lines.map((line) => line.filter((segment, index) => keeps(segment, line[index - 1], isOwn, ofPackages < packageMappingsMax)));
  return { mappings: encode(kept), sources: map.sources.map((source) => moduleName(source ?? '')) };
}

function keeps([, source]: Segment, before: Segment | undefined, isOwn: readonly boolean[], keepsPackages: boolean): boolean {
  if (source === undefined) return false;
  if (isOwn[source]) return true;
  return keepsPackages && before?.[1] !== source;
}

/** https://tc39.es/ecma426/#sec-mappings, with four numbers in each segment. */
function encode(lines: readonly (readonly Segment[])[]): string {
  const last = [0, 0, 0, 0];
  return lines
    .map((line) => {
      last[0] = 0;
      return line.map((segment) => encodeSegment(segment, last)).join(',');
    })
    .join(';');
}

function encodeSegment(segment: Segment, last: number[]): string {
  let text = '';
  for (let field = 0; field < 4; field += 1) {
    const value = segment[field] ?? 0;
    text += encodeNumber(value - (last[field] ?? 0));
    last[field] = value;
  }
  return text;
}

function encodeNumber(value: number): string {
  let rest = value < 0 ? -value * 2 + 1 : value * 2;
  let text = '';
  do {
    const digit = rest % 32;
    rest = Math.floor(rest / 32);
    text += digits.charAt(rest > 0 ? digit + 32 : digit);
  } while (rest > 0);
  return text;
}
