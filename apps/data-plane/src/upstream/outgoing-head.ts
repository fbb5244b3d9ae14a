import { requestIdHeader } from '@torii/contracts';
import { addForwarded, type ForwardedHeaders } from './forwarded.js';
import { connectionOptions } from './hop-headers.js';

export interface OutgoingHeadOptions {
  readonly id: string;
  /** Name and value in turn. */
  readonly rawHeaders: readonly string[];
  readonly authority: string;
  readonly remoteAddress: string;
  /** The target's own host; undefined to send on the request's. */
  readonly host: string | undefined;
  /** The target's own host, for a request that has none. */
  readonly defaultHost: string;
  /** Whether the body goes on as it comes, and its announced length with it. */
  readonly isBodyStreamed: boolean;
  /** Headers in place of those of their names. */
  readonly added: readonly string[] | undefined;
}

type Part = 'keep' | 'drop' | 'connection' | 'trailer' | 'host' | 'content-length' | keyof ForwardedHeaders;

/** Headers of the connection (RFC 9110 section 7.6.1), which end here, and those that are ours to set; all others go on. */
const partsByName: ReadonlyMap<string, Part> = new Map<string, Part>([
  ['connection', 'connection'],
  ['content-length', 'content-length'],
  ['expect', 'drop'],
  ['forwarded', 'forwarded'],
  ['host', 'host'],
  ['http2-settings', 'drop'],
  ['keep-alive', 'drop'],
  ['proxy-authenticate', 'drop'],
  ['proxy-authorization', 'drop'],
  ['proxy-connection', 'drop'],
  ['te', 'drop'],
  ['trailer', 'trailer'],
  ['transfer-encoding', 'drop'],
  ['upgrade', 'drop'],
  ['x-forwarded-for', 'x-forwarded-for'],
  ['x-forwarded-host', 'x-forwarded-host'],
  ['x-forwarded-port', 'x-forwarded-port'],
  ['x-forwarded-proto', 'x-forwarded-proto'],
  [requestIdHeader, 'drop'],
]);

/** By names as they were spelled lately: clients send the same few again and again. */
const knownParts = new Map<string, Part>();
const knownPartsMax = 1_000;
const knownNameMaxChars = 100;

/** The headers that a target gets, name and value in turn; names keep their spelling. */
export function outgoingHeaders(request: OutgoingHeadOptions): string[] {
  const { rawHeaders } = request;
  const headers: string[] = [];
  const came: ForwardedHeaders = {};
  let { host } = request;
  let named: ReadonlySet<string> | undefined;
  let trailer: string | undefined;
  let isLong = false;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const value = rawHeaders[index + 1] ?? '';
    const part = knownParts.get(name) ?? partOf(name);
    switch (part) {
      case 'keep':
        headers.push(name, value);
        break;
      case 'drop':
        break;
      case 'connection':
        named = connectionOptions(value, named);
        break;
      case 'host':
        if (host === undefined && value !== '') host = value;
        break;
      case 'content-length':
        isLong = true;
        if (request.isBodyStreamed) headers.push(name, value);
        break;
      case 'trailer':
        trailer = trailer === undefined ? value : `${trailer}, ${value}`;
        break;
      default:
        came[part] = came[part] === undefined ? value : `${came[part]}, ${value}`;
    }
  }
  // Trailers need the chunked coding, which a length rules out.
  if (trailer !== undefined && request.isBodyStreamed && !isLong) headers.push('trailer', trailer);
  let kept = named === undefined ? headers : without(headers, named);
  const { added } = request;
  if (added !== undefined) kept = [...without(kept, new Set(added.filter((_, index) => index % 2 === 0))), ...added];
  kept.push('host', host ?? request.defaultHost, requestIdHeader, request.id);
  addForwarded(kept, request, came);
  return kept;
}

function partOf(name: string): Part {
  const part = partsByName.get(name.toLowerCase()) ?? 'keep';
  if (name.length <= knownNameMaxChars) {
    if (knownParts.size >= knownPartsMax) knownParts.clear();
    knownParts.set(name, part);
  }
  return part;
}

function without(headers: readonly string[], named: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? '';
    if (!named.has(name.toLowerCase())) kept.push(name, headers[index + 1] ?? '');
  }
  return kept;
}
