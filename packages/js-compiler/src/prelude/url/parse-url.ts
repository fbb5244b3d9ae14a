import { parseHost } from './parse-host.js';
import { encodeSets, percentEncode } from './percent-encoding.js';

/** https://url.spec.whatwg.org/#concept-url */
export interface UrlRecord {
  scheme: string;
  username: string;
  password: string;
  /** Undefined for a URL without an authority. */
  host: string | undefined;
  /** Empty for the scheme's own. */
  port: string;
  /** With its leading `/`, or what follows the scheme of one such as `mailto:`. */
  path: string;
  hasOpaquePath: boolean;
  /** Without its `?`; undefined for none. */
  query: string | undefined;
  /** Without its `#`; undefined for none. */
  fragment: string | undefined;
}

const defaultPorts: Readonly<Record<string, string>> = { http: '80', https: '443', ws: '80', wss: '443', ftp: '21', file: '' };

export function isSpecial(scheme: string): boolean {
  return Object.hasOwn(defaultPorts, scheme);
}

/** https://url.spec.whatwg.org/#concept-basic-url-parser, without what Windows' drive letters need; undefined when it is no URL. */
export function parseUrl(input: string, base?: UrlRecord): UrlRecord | undefined {
  const text = input.replace(/^[\0-\x20]+|[\0-\x20]+$/g, '').replace(/[\t\n\r]/g, '');
  const [, scheme, afterScheme = ''] = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s.exec(text) ?? [];
  return scheme === undefined ? parseRelative(text, base) : parseAbsolute(scheme.toLowerCase(), afterScheme, base);
}

export function serialise(url: UrlRecord, hasFragment = true): string {
  let text = `${url.scheme}:`;
  if (url.host !== undefined) {
    const password = url.password === '' ? '' : `:${url.password}`;
    const userinfo = url.username === '' && password === '' ? '' : `${url.username}${password}@`;
    text += `//${userinfo}${url.host}${url.port === '' ? '' : `:${url.port}`}`;
  } else if (!url.hasOpaquePath && url.path.startsWith('//')) {
    text += '/.';
  }
  text += url.path;
  if (url.query !== undefined) text += `?${url.query}`;
  return hasFragment && url.fragment !== undefined ? `${text}#${url.fragment}` : text;
}

/** User, host and port. False when they are none, and nothing has changed. */
export function setAuthority(url: UrlRecord, authority: string): boolean {
  const at = authority.lastIndexOf('@');
  const [, hostText = '', portText = ''] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(authority.slice(at + 1)) ?? [];
  const port = parsePort(portText, url.scheme);
  if (port === undefined || (hostText === '' && (at >= 0 || portText !== ''))) return false;
  if (hostText === '' && isSpecial(url.scheme) && url.scheme !== 'file') return false;
  const host = hostText === '' ? '' : parseHost(hostText, isSpecial(url.scheme));
  if (host === undefined || (authority.slice(at + 1) !== '' && hostText === '' && portText === '')) return false;
  if (at >= 0) setUserinfo(url, authority.slice(0, at));
  url.host = host === 'localhost' && url.scheme === 'file' ? '' : host;
  url.port = port;
  return true;
}

export function parsePort(text: string, scheme: string): string | undefined {
  if (text === '') return '';
  if (!/^[0-9]+$/.test(text) || Number(text) > 65_535) return undefined;
  const port = String(Number(text));
  return port === defaultPorts[scheme] ? '' : port;
}

/** Resolves `.` and `..`, and encodes. `before` is the path to begin from, of which the last segment goes. */
export function resolvePath(path: string, scheme: string, before = '/'): string {
  const separator = isSpecial(scheme) ? /[/\\]/ : /\//;
  const isAbsolute = separator.test(path.charAt(0));
  const segments = isAbsolute ? [] : before.split('/').slice(1, -1);
  const parts = (isAbsolute ? path.slice(1) : path).split(separator);
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    if (/^(\.|%2e)(\.|%2e)$/i.test(part)) segments.pop();
    else if (!/^(\.|%2e)$/i.test(part)) {
      segments.push(percentEncode(part, encodeSets.path));
      continue;
    }
    if (isLast) segments.push('');
  }
  return `/${segments.join('/')}`;
}

export function encodeQuery(query: string, scheme: string): string {
  return percentEncode(query, isSpecial(scheme) ? encodeSets.specialQuery : encodeSets.query);
}

function setUserinfo(url: UrlRecord, userinfo: string): void {
  const colon = userinfo.indexOf(':');
  url.username = percentEncode(colon < 0 ? userinfo : userinfo.slice(0, colon), encodeSets.userinfo);
  url.password = colon < 0 ? '' : percentEncode(userinfo.slice(colon + 1), encodeSets.userinfo);
}

function parseAbsolute(scheme: string, rest: string, base: UrlRecord | undefined): UrlRecord | undefined {
  if (!isSpecial(scheme)) {
    if (rest.startsWith('//')) return withAuthority(emptyUrl(scheme), rest.slice(2));
    return rest.startsWith('/') ? withPath(emptyUrl(scheme), rest) : withOpaquePath(emptyUrl(scheme), rest);
  }
  const isRelative = base?.scheme === scheme && !/^[/\\]{2}/.test(rest) && (scheme === 'file' || !/^[/\\]/.test(rest) || base.host !== undefined);
  if (isRelative) return parseRelative(rest, base);
  if (scheme === 'file')
    return /^[/\\]{2}/.test(rest) ? withAuthority(emptyUrl(scheme), rest.slice(2)) : withPath({ ...emptyUrl(scheme), host: '' }, rest);
  return withAuthority(emptyUrl(scheme), rest.replace(/^[/\\]*/, ''));
}

function parseRelative(text: string, base: UrlRecord | undefined): UrlRecord | undefined {
  if (base === undefined) return undefined;
  const url = { ...base, fragment: undefined };
  if (base.hasOpaquePath) return text.startsWith('#') ? withFragment(url, text.slice(1)) : undefined;
  const isSlash = isSpecial(base.scheme) ? /^[/\\]/ : /^\//;
  if (isSlash.test(text) && isSlash.test(text.slice(1))) {
    const rest = text.slice(2);
    return withAuthority(emptyUrl(base.scheme), base.scheme === 'file' || !isSpecial(base.scheme) ? rest : rest.replace(/^[/\\]*/, ''));
  }
  const [path, query, fragment] = splitPath(text);
  if (path !== '') url.path = resolvePath(path, base.scheme, base.path);
  if (path !== '' || query !== undefined) url.query = query === undefined ? undefined : encodeQuery(query, base.scheme);
  return fragment === undefined ? url : withFragment(url, fragment);
}

function withAuthority(url: UrlRecord, rest: string): UrlRecord | undefined {
  const end = rest.search(isSpecial(url.scheme) ? /[/\\?#]/ : /[/?#]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  return setAuthority(url, authority) ? withPath(url, end < 0 ? '' : rest.slice(end)) : undefined;
}

function withPath(url: UrlRecord, rest: string): UrlRecord {
  const [path, query, fragment] = splitPath(rest);
  url.path = path === '' && !isSpecial(url.scheme) ? '' : resolvePath(path, url.scheme);
  if (query !== undefined) url.query = encodeQuery(query, url.scheme);
  return fragment === undefined ? url : withFragment(url, fragment);
}

function withOpaquePath(url: UrlRecord, rest: string): UrlRecord {
  const [path, query, fragment] = splitPath(rest);
  url.hasOpaquePath = true;
  // A last space before a query or a fragment is encoded, for it would be lost when they are taken away.
  const isFollowed = query !== undefined || fragment !== undefined;
  url.path = percentEncode(path, encodeSets.control).replace(/ $/, isFollowed ? '%20' : ' ');
  if (query !== undefined) url.query = encodeQuery(query, url.scheme);
  return fragment === undefined ? url : withFragment(url, fragment);
}

function withFragment(url: UrlRecord, fragment: string): UrlRecord {
  url.fragment = percentEncode(fragment, encodeSets.fragment);
  return url;
}

function splitPath(text: string): [path: string, query: string | undefined, fragment: string | undefined] {
  const hash = text.indexOf('#');
  const beforeHash = hash < 0 ? text : text.slice(0, hash);
  const mark = beforeHash.indexOf('?');
  return [
    mark < 0 ? beforeHash : beforeHash.slice(0, mark),
    mark < 0 ? undefined : beforeHash.slice(mark + 1),
    hash < 0 ? undefined : text.slice(hash + 1),
  ];
}

function emptyUrl(scheme: string): UrlRecord {
  return { scheme, username: '', password: '', host: undefined, port: '', path: '', hasOpaquePath: false, query: undefined, fragment: undefined };
}
