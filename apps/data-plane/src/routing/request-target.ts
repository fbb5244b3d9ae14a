import { AppError } from '@torii/contracts';

/** Where a request points: what routing and plugins see of its request line and Host. */
export interface RequestTarget {
  /** Lower case, without port or trailing dot; empty when the client named none. */
  readonly host: string;
  /** Host and port as the client wrote them, for URLs. */
  readonly authority: string;
  /** As sent, without the query. */
  readonly path: string;
  /** The path between its slashes, each segment decoded. A `%2F` does not split a segment. */
  readonly segments: readonly string[];
  /** Without the `?`. */
  readonly search: string;
  /** Whether there is a `?` with nothing behind it, which servers may tell from none. */
  readonly isQueryEmpty: boolean;
}

const segmentsMax = 256;
/** RFC 3986 section 3.2: a name or an address in brackets, and a port; empty when the client named none. No comma: two hosts made one. */
const authorityPattern = /^(\[[0-9a-f:.]+\]|[\w.~%!$&'()*+;=-]*)(:\d*)?$/i;
const portMax = 65_535;

const hiddenDots = /(^|[/\\])\.{1,2}([/\\]|$)/;

/** Hosts of the authorities that were seen last: most requests name one of a few. */
const hosts = new Map<string, string>();
const knownHostsMax = 1_000;
/** No name is longer (RFC 1035 section 2.3.4), nor any port. */
const knownHostMaxChars = 261;

/**
 * Reads a request line's target in origin form (`/a?b`) or absolute form (`http://host/a?b`), RFC 9112 section 3.2.
 *
 * Throws `client.bad_request` for other forms, a host that is none, broken escapes, more than 256 segments, and for what means one
 * path to some and another to others: `.` and `..` segments, plain or escaped, a backslash, a fragment. Plugins that guard a
 * path would be passed by it.
 */
export function parseRequestTarget(url: string, hostHeader: string | undefined): RequestTarget {
  let authority = hostHeader ?? '';
  let target = url;
  if (!target.startsWith('/')) {
    const absolute = /^https?:\/\/([^/?#@]+)([/?].*)?$/i.exec(target);
    if (absolute === null) throw badTarget('the request target must be a path');
    authority = absolute[1] ?? '';
    target = absolute[2] ?? '';
    if (!target.startsWith('/')) target = `/${target}`;
  }
  // RFC 9112 section 3.2: a request target has no fragment.
  if (target.includes('#')) throw badTarget('the request target holds a #, which is written %23');
  const host = hosts.get(authority) ?? checkedHost(authority);
  const queryAt = target.indexOf('?');
  const path = queryAt === -1 ? target : target.slice(0, queryAt);
  if (path.includes('\\')) throw badTarget('the path holds a backslash, which is written %5C');
  const segments = segmentsOf(path);
  if (path.includes('%')) refuseHiddenDots(segments);
  return {
    host,
    authority,
    path,
    segments,
    search: queryAt === -1 ? '' : target.slice(queryAt + 1),
    isQueryEmpty: queryAt === target.length - 1,
  };
}

/** Splits and decodes a path; also used for the paths of routes, so that both sides compare alike. */
export function segmentsOf(path: string): string[] {
  const segments = path.slice(1).split('/');
  if (segments.length > segmentsMax) throw badTarget(`the path has more than ${segmentsMax} segments`);
  return segments.map(decodeSegment);
}

/** A `..` between escaped slashes is a segment to whoever reads the escapes first, and splits then. */
function refuseHiddenDots(segments: readonly string[]): void {
  for (const segment of segments) if (hiddenDots.test(segment)) throw badTarget('the path holds a . or .. segment between escaped slashes');
}

function decodeSegment(raw: string): string {
  let segment = raw;
  if (raw.includes('%')) {
    try {
      segment = decodeURIComponent(raw);
    } catch {
      throw badTarget('the path holds a broken percent escape');
    }
  }
  if (segment === '.' || segment === '..') throw badTarget('the path holds a . or .. segment');
  return segment;
}

/** Throws `client.bad_request` for what is no authority. */
function checkedHost(authority: string): string {
  const parts = authorityPattern.exec(authority);
  if (parts === null || Number((parts[2] ?? ':').slice(1)) > portMax) throw badTarget('the host is not a name or address with an optional port');
  const host = hostOf(authority);
  if (authority.length > knownHostMaxChars) return host;
  if (hosts.size >= knownHostsMax) hosts.clear();
  hosts.set(authority, host);
  return host;
}

function hostOf(authority: string): string {
  // An IPv6 address keeps its brackets: `[::1]:8080`.
  const portAt = authority.lastIndexOf(':');
  const host = portAt > authority.lastIndexOf(']') ? authority.slice(0, portAt) : authority;
  return (host.endsWith('.') ? host.slice(0, -1) : host).toLowerCase();
}

function badTarget(detail: string): AppError {
  return new AppError('client.bad_request', { detail });
}
