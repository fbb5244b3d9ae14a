import { createHash } from 'node:crypto';
import { canonicalJson } from '@torii/config-sync';
import { parseTemplate, type RouteSpec } from '@torii/contracts';

type Match = RouteSpec['match'][number];
type Slot = RouteSpec['plugins'][number];
type Path = Match['paths'][number];

/** A route with more places than this is not compared with others by all of them. */
const keysMax = 1_000;
const keyChars = 24;
const everyPath: Path = { type: 'prefix', value: '/' };

/**
 * The places a route takes, short enough to be indexed: two routes with a key in common are told apart by nothing but their
 * names when both take a request. See docs/routing.md for the order. `matchers` are the slots that say whether the route is
 * meant: routes with others, or other settings of them, may well be meant for other requests.
 */
export function matchKeys({ match, priority }: Pick<RouteSpec, 'match' | 'priority'>, matchers: readonly Slot[] = []): string[] {
  const keys = new Set<string>();
  const asked = matchers.length === 0 ? [] : [canonicalJson(matchers)];
  for (const one of match) {
    const conditions = canonicalJson([one.headers, one.query, one.cookies].map((part) => part.map(canonicalJson).sort()));
    for (const host of one.hosts.length === 0 ? [''] : one.hosts) {
      for (const path of one.paths.length === 0 ? [everyPath] : one.paths) {
        for (const method of one.methods.length === 0 ? [''] : one.methods) {
          if (keys.size >= keysMax) return [...keys];
          keys.add(keyOf([priority, host, placeOf(path), method, conditions, ...asked]));
        }
      }
    }
  }
  return [...keys];
}

/** The place of a path in a node's tree: names of parts do not count, nor does how a literal is escaped. */
function placeOf(path: Path): string {
  const ends = path.type === 'prefix' ? 'prefix' : 'end';
  const segments = path.type === 'template' ? parseTemplate(path.value).map(segmentOf) : path.value.slice(1).split('/').map(literal);
  if (path.type === 'prefix' && segments.at(-1) === literal('')) segments.pop();
  return canonicalJson([ends, ...segments]);
}

function segmentOf(segment: ReturnType<typeof parseTemplate>[number]): string {
  if (segment.type === 'literal') return literal(segment.text);
  return segment.type === 'regex' ? `$${segment.source}` : segment.type;
}

function literal(text: string): string {
  return `=${decodeURIComponent(text)}`;
}

function keyOf(parts: readonly (string | number)[]): string {
  return createHash('sha256').update(canonicalJson(parts)).digest('base64url').slice(0, keyChars);
}
