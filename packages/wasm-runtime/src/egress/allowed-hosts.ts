import { domainToASCII } from 'node:url';

interface HostRule {
  readonly scheme: string | undefined;
  /** Lower case, without trailing dot; with `isSuffix` what follows `*`, beginning with the dot. */
  readonly host: string;
  readonly isSuffix: boolean;
  readonly port: string | undefined;
}

const defaultPorts: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/** Rules are parsed once per list: lists belong to a plugin version and never change. */
const parsedLists = new WeakMap<readonly string[], readonly HostRule[]>();

/**
 * Whether a plugin's `allowedHosts` has an entry for this URL. An empty list allows nothing.
 *
 * An entry is `[scheme://]host[:port]`, the host exact or `*.suffix` (which does not match the suffix itself). Without a
 * port it means the scheme's own one. Case, a trailing dot and the spelling of an international name or of an address do
 * not matter. Entries that cannot be read match nothing.
 */
export function isAllowedHost(url: URL, allowedHosts: readonly string[]): boolean {
  let rules = parsedLists.get(allowedHosts);
  if (rules === undefined) {
    rules = allowedHosts.map(parseRule).filter((rule) => rule !== undefined);
    parsedLists.set(allowedHosts, rules);
  }
  const host = normalHost(url.hostname);
  const port = url.port === '' ? defaultPorts[url.protocol] : url.port;
  return rules.some((rule) => {
    if (rule.scheme !== undefined && rule.scheme !== url.protocol) return false;
    if (port !== (rule.port ?? defaultPorts[url.protocol])) return false;
    return rule.isSuffix ? host.length > rule.host.length && host.endsWith(rule.host) : host === rule.host;
  });
}

/** A host name as it is compared: lower case, without the trailing dot of a fully qualified name. */
export function normalHost(hostname: string): string {
  const lower = hostname.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

function parseRule(text: string): HostRule | undefined {
  const match = /^(?:(https?):\/\/)?(\*(?=\.[^.]))?(\[[0-9a-f:.]+\]|[^\s/:*[\]@\\?#%]+)(?::(\d{1,5}))?$/i.exec(text.trim());
  if (match?.[3] === undefined) return undefined;
  const isSuffix = match[2] !== undefined;
  const host = isSuffix ? suffixAsUrlsHaveIt(match[3]) : hostAsUrlsHaveIt(match[3]);
  if (host === undefined) return undefined;
  return { scheme: match[1] === undefined ? undefined : `${match[1].toLowerCase()}:`, host, isSuffix, port: match[4] };
}

function hostAsUrlsHaveIt(host: string): string | undefined {
  const url = URL.parse(`http://${host}/`);
  return url === null ? undefined : normalHost(url.hostname);
}

/** With the dot it begins with. */
function suffixAsUrlsHaveIt(suffix: string): string | undefined {
  const ascii = domainToASCII(suffix.slice(1));
  return ascii === '' ? undefined : `.${normalHost(ascii)}`;
}
