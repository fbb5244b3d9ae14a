import type { PathMatch } from '@torii/contracts';
import type { z } from 'zod';

export interface ConvertedPath {
  readonly path: z.input<typeof PathMatch>;
  /** What it matches besides, or does not match any more; undefined when it is all the same. */
  readonly difference?: string;
}

/**
 * The path of a frontend: segments that are literal, `:name`, `$name<expression>`, `*`, or hold a `*`. Otoroshi takes what
 * comes after it too unless it is `exact`, which a template here cannot.
 */
export function frontendPath(text: string, isExact: boolean): ConvertedPath {
  const segments = text.split('/').filter((segment, index, all) => segment !== '' || (index > 0 && index < all.length - 1));
  const literals = segments.length - countTrailing(segments, '*');
  if (!segments.some(isPattern)) return { path: { type: isExact ? 'exact' : 'prefix', value: pathOf(segments) } };
  if (!isExact && !segments.slice(0, literals).some(isPattern)) {
    return {
      path: { type: 'prefix', value: pathOf(segments.slice(0, literals)) },
      difference: `it takes every path below ${pathOf(segments.slice(0, literals))}, and that path itself`,
    };
  }
  const path = { type: 'template', value: pathOf(segments.map(templateSegment)) } as const;
  return isExact ? { path } : { path, difference: 'it takes paths of this many segments, and none that go on after them' };
}

function isPattern(segment: string): boolean {
  return segment.startsWith(':') || segment.startsWith('$') || segment.includes('*');
}

function templateSegment(segment: string, index: number): string {
  if (segment === '*' || segment.startsWith(':') || segment.startsWith('$') || !segment.includes('*')) return segment;
  const source = segment
    .split('*')
    .map((literal) => literal.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return `$segment${index + 1}<${source}>`;
}

function pathOf(segments: readonly string[]): string {
  return `/${segments.join('/')}`;
}

function countTrailing(segments: readonly string[], wanted: string): number {
  const last = segments.findLastIndex((segment) => segment !== wanted);
  return segments.length - 1 - last;
}
