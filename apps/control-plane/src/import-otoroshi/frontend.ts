import type { RouteMatch } from '@torii/contracts';
import { HostPattern } from '@torii/contracts';
import type { z } from 'zod';
import type { Fields } from './fields.js';
import { frontendPath } from './frontend-path.js';
import type { PointerMap } from './pointer-map.js';
import { valueMatch } from './value-match.js';

type Match = z.input<typeof RouteMatch>;
type Path = NonNullable<Match['paths']>[number];

export interface Frontend {
  readonly match: Match[];
  readonly stripPath: boolean;
}

interface Domain {
  /** Undefined for every host. */
  readonly host: string | undefined;
  readonly path: Path;
  readonly pointer: string;
}

/**
 * The requests a route takes. Domains of one path become one match, so that `match` stays as short as the file. Empty where
 * no domain could be taken over: such a route takes no request.
 */
export function convertFrontend(frontend: Fields | undefined, pointers: PointerMap): Frontend {
  if (frontend === undefined) return { match: [], stripPath: true };
  const isExact = frontend.flag('exact') ?? false;
  const stripPath = frontend.flag('strip_path') ?? true;
  const domains = domainsOf(frontend).flatMap((entry) => readDomain(entry, isExact, frontend));
  const conditions: Match = {
    methods: frontend.texts('methods').map(({ text }) => text),
    headers: frontend.textsByName('headers').map(({ name, text }) => valueMatch(name, text)),
    query: frontend.textsByName('query').map(({ name, text }) => valueMatch(name, text)),
    cookies: frontend.textsByName('cookies').map(({ name, text }) => valueMatch(name, text)),
  };
  frontend.end();
  const match = groupByPath(domains).map((group, index) => {
    pointTo(pointers, frontend, `/match/${index}`, group, conditions);
    const isEveryHost = group.some(({ host }) => host === undefined);
    const hosts = isEveryHost ? [] : group.flatMap(({ host }) => (host === undefined ? [] : [host]));
    return { hosts, paths: group.slice(0, 1).map(({ path }) => path), ...conditions };
  });
  return { match, stripPath };
}

function domainsOf(frontend: Fields): { readonly text: string; readonly pointer: string }[] {
  const one = frontend.filledText('domain');
  const many = frontend.texts('domains');
  return one === undefined ? many : [{ text: one, pointer: frontend.pointerTo('domain') }];
}

function readDomain({ text, pointer }: { readonly text: string; readonly pointer: string }, isExact: boolean, { findings }: Fields): Domain[] {
  const slash = text.indexOf('/');
  const authority = slash === -1 ? text : text.slice(0, slash);
  const { path, difference } = frontendPath(slash === -1 ? '/' : text.slice(slash), isExact);
  const host = authority.replace(/:\d+$/, '');
  const what = `the domain ${text}`;
  if (host !== authority) findings.changed(pointer, what, { why: 'the port of a request does not count: the domain is taken without it' });
  if (difference !== undefined) findings.changed(pointer, what, { why: difference });
  if (host === '*') return [{ host: undefined, path, pointer }];
  const parsed = HostPattern.safeParse(host);
  if (parsed.success) {
    if (/[^.]\.\*\./.test(host)) findings.changed(pointer, what, { why: 'the * stands for one label of the name, where it stood for any text' });
    return [{ host: parsed.data, path, pointer }];
  }
  const why = parsed.error.issues[0]?.message ?? 'is no host';
  findings.lost(pointer, what, { why: `the host ${why}`, instead: 'name the hosts one by one' });
  return [];
}

function groupByPath(domains: readonly Domain[]): Domain[][] {
  const groups = new Map<string, Domain[]>();
  for (const domain of domains) {
    const key = `${domain.path.type} ${domain.path.value}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [domain]);
    else if (!group.some(({ host }) => host === domain.host)) group.push(domain);
  }
  return [...groups.values()];
}

function pointTo(pointers: PointerMap, frontend: Fields, match: string, group: readonly Domain[], conditions: Match): void {
  pointers.set(match, frontend.pointer);
  for (const [index, { pointer }] of group.entries()) {
    pointers.set(`${match}/hosts/${index}`, pointer);
    if (index === 0) pointers.set(`${match}/paths/0`, pointer);
  }
  for (const part of ['methods', 'headers', 'query', 'cookies'] as const) {
    pointers.set(`${match}/${part}`, frontend.pointerTo(part));
    for (const [index, value] of (conditions[part] ?? []).entries()) {
      pointers.set(`${match}/${part}/${index}`, frontend.pointerTo(part, typeof value === 'string' ? index : value.name));
    }
  }
}
