import { jsonString } from './json-text.js';

/** So few names are compared one by one more quickly than they are looked up. */
const fewHeaders = 16;
/** What a query with escapes holds: `%41`, or `+` for a space. */
const escaped = /[%+]/;
const noMembers = '{}';

/**
 * Headers as an object of texts. They are single valued, as Otoroshi has them: one that comes twice, however it is
 * written, is joined to the first (RFC 9110 section 5.3).
 */
export function headersJson(rawHeaders: readonly string[]): string {
  if (hasTwice(rawHeaders)) return joinedHeadersJson(rawHeaders);
  let members = '';
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    // A name is a token, which has nothing to escape (RFC 9110 section 5.6.2): node's parser lets nothing else through.
    members += `${index === 0 ? '' : ','}"${rawHeaders[index]}":${jsonString(rawHeaders[index + 1] ?? '')}`;
  }
  return `{${members}}`;
}

function hasTwice(rawHeaders: readonly string[]): boolean {
  if (rawHeaders.length > 2 * fewHeaders) return true;
  const names: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    if (names.includes(name)) return true;
    names.push(name);
  }
  return false;
}

function joinedHeadersJson(rawHeaders: readonly string[]): string {
  return `{${[...joinedHeaders(rawHeaders).values()].map(({ name, value }) => `${jsonString(name)}:${jsonString(value)}`).join(',')}}`;
}

export interface JoinedHeader {
  /** As it came first. */
  readonly name: string;
  readonly value: string;
  /** Name and value in turn, as they came. */
  readonly lines: readonly string[];
}

/** Headers by their names in lower case. */
export function joinedHeaders(rawHeaders: readonly string[]): ReadonlyMap<string, JoinedHeader> {
  const headers = new Map<string, { readonly name: string; value: string; readonly lines: string[] }>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const value = rawHeaders[index + 1] ?? '';
    const lower = name.toLowerCase();
    const known = headers.get(lower);
    if (known === undefined) {
      headers.set(lower, { name, value, lines: [name, value] });
    } else {
      known.value += `${lower === 'cookie' ? '; ' : ', '}${value}`;
      known.lines.push(name, value);
    }
  }
  return headers;
}

/** A query, without its `?`, as an object of lists of texts, decoded as `URLSearchParams` does. */
export function queryJson(search: string): string {
  if (search === '') return noMembers;
  const query = new Map<string, string>();
  const add = (name: string, value: string): void => {
    const values = query.get(name);
    query.set(name, values === undefined ? jsonString(value) : `${values},${jsonString(value)}`);
  };
  if (escaped.test(search)) for (const [name, value] of new URLSearchParams(`?${search}`)) add(name, value);
  else forEachPlainPair(search, add);
  return `{${Array.from(query, ([name, values]) => `${jsonString(name)}:[${values}]`).join(',')}}`;
}

function forEachPlainPair(search: string, add: (name: string, value: string) => void): void {
  for (const pair of search.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    if (equals === -1) add(pair, '');
    else add(pair.slice(0, equals), pair.slice(equals + 1));
  }
}

export function pathParamsJson(params: Readonly<Record<string, string>>): string {
  for (const _name in params) return JSON.stringify(params);
  return noMembers;
}
