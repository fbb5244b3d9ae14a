import { type PathMatch, parseTemplate } from '@torii/contracts';
import type { Expressions } from './expressions.js';
import { prefixSegments } from './path-place.js';
import { segmentsOf } from './request-target.js';

// The order that `HostTrees` and `path-tree.ts` find routes in, said again as numbers, for who wants to know why one comes
// before another. A property test holds the two together.

/** Parts to be compared in turn; the first that differs decides, and more is better. */
export type Rank = readonly (number | string)[];

const kindRanks = { literal: 4, regex: 3, name: 2, any: 1 } as const;
/** Below every segment, so that a longer path comes before a shorter one. */
const endRank = 0.5;
const prefixRank = 0;

/** How exactly the pattern names the host; undefined when it does not fit. Without a pattern every host fits. */
export function rankOfHost(pattern: string | undefined, host: string): Rank | undefined {
  if (pattern === undefined) return [0, 0];
  if (pattern.startsWith('*.')) return host.endsWith(pattern.slice(1)) ? [1, pattern.length] : undefined;
  if (!pattern.includes('*')) return pattern === host ? [3, 0] : undefined;
  const [labels, wanted] = [host.split('.'), pattern.split('.')];
  const isFit = labels.length === wanted.length && wanted.every((label, index) => (label === '*' ? labels[index] !== '' : label === labels[index]));
  return isFit ? [2, -wanted.indexOf('*')] : undefined;
}

/** How exactly the path names these segments; undefined when it does not fit. */
export function rankOfPath(path: PathMatch, segments: readonly string[], expressions: Expressions): Rank | undefined {
  if (path.type !== 'template') {
    const isPrefix = path.type === 'prefix';
    const wanted = isPrefix ? prefixSegments(path.value) : segmentsOf(path.value);
    const isLongEnough = isPrefix ? wanted.length <= segments.length : wanted.length === segments.length;
    if (!isLongEnough || wanted.some((segment, index) => segment !== segments[index])) return undefined;
    return [...wanted.flatMap(() => [kindRanks.literal, '']), isPrefix ? prefixRank : endRank];
  }
  const parts = parseTemplate(path.value);
  if (parts.length !== segments.length) return undefined;
  const ranks: (number | string)[] = [];
  for (const [index, part] of parts.entries()) {
    const segment = segments[index] ?? '';
    if (part.type === 'literal' ? segmentsOf(`/${part.text}`)[0] !== segment : segment === '') return undefined;
    if (part.type === 'regex' && !expressions.compile(part.source).testExact(segment)) return undefined;
    ranks.push(kindRanks[part.type], part.type === 'regex' ? part.source : '');
  }
  return [...ranks, endRank];
}

/** Above zero when `a` comes first. Texts, which are expressions, come in their own order. */
export function compareRanks(a: Rank, b: Rank): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const [left, right] = [a[index] ?? -1, b[index] ?? -1];
    if (left === right) continue;
    if (typeof left === 'string' && typeof right === 'string') return left < right ? 1 : -1;
    return Number(left) - Number(right);
  }
  return 0;
}

/** The best of those that fit. */
export function bestRank<Pattern>(patterns: readonly Pattern[], rankOf: (pattern: Pattern) => Rank | undefined): Rank | undefined {
  let best: Rank | undefined;
  for (const pattern of patterns) {
    const rank = rankOf(pattern);
    if (rank !== undefined && (best === undefined || compareRanks(rank, best) > 0)) best = rank;
  }
  return best;
}
