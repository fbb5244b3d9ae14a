/** Who asked for what, as the next server is told. */
export interface ForwardedStep {
  readonly remoteAddress: string;
  /** By which the client asked; may be empty. */
  readonly authority: string;
}

/** What came of these with the request, several of a name joined by commas. */
export interface ForwardedHeaders {
  forwarded?: string;
  'x-forwarded-for'?: string;
  'x-forwarded-host'?: string;
  'x-forwarded-port'?: string;
  'x-forwarded-proto'?: string;
}

/** IPv4 addresses of a socket for both families come within IPv6 ones. */
const mappedPrefix = '::ffff:';
const proto = 'http';
const defaultPort = '80';
/** What a value may be without quotes (RFC 7239 section 4, RFC 9110 section 5.6.2). */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * Adds to `headers` who asked for what: `X-Forwarded-For` and `Forwarded` (RFC 7239) get one more entry; `X-Forwarded-Proto`,
 * `-Host` and `-Port` are set unless they came with the request.
 */
export function addForwarded(headers: string[], { remoteAddress, authority }: ForwardedStep, came: ForwardedHeaders): void {
  const address = clientAddress(remoteAddress);
  const { host, port } = knownHosts.get(authority) ?? hostFactsOf(authority);
  headers.push('x-forwarded-for', joined(came['x-forwarded-for'], address), 'x-forwarded-proto', came['x-forwarded-proto'] ?? proto);
  const forwardedHost = came['x-forwarded-host'] ?? authority;
  if (forwardedHost !== '') headers.push('x-forwarded-host', forwardedHost);
  // What has a colon is an IPv6 address (RFC 7239 section 6).
  const entry = `for=${address.includes(':') ? `"[${address}]"` : address}${host};proto=${proto}`;
  headers.push('x-forwarded-port', came['x-forwarded-port'] ?? port, 'forwarded', joined(came.forwarded, entry));
}

interface HostFacts {
  /** As it stands in `Forwarded`. */
  readonly host: string;
  readonly port: string;
}

/** Of the authorities that were seen last: most requests name one of a few. */
const knownHosts = new Map<string, HostFacts>();
const knownHostsMax = 1_000;
const knownHostMaxChars = 261;

function hostFactsOf(authority: string): HostFacts {
  const facts = { host: authority === '' ? '' : `;host=${quoted(authority)}`, port: portOf(authority) };
  if (authority.length > knownHostMaxChars) return facts;
  if (knownHosts.size >= knownHostsMax) knownHosts.clear();
  knownHosts.set(authority, facts);
  return facts;
}

/** The address of a client as IPv4 where it is one. */
export function clientAddress(remoteAddress: string): string {
  return remoteAddress.startsWith(mappedPrefix) && remoteAddress.includes('.') ? remoteAddress.slice(mappedPrefix.length) : remoteAddress;
}

function joined(before: string | undefined, entry: string): string {
  return before === undefined || before === '' ? entry : `${before}, ${entry}`;
}

function portOf(authority: string): string {
  const at = authority.lastIndexOf(':');
  return at > authority.lastIndexOf(']') && at < authority.length - 1 ? authority.slice(at + 1) : defaultPort;
}

function quoted(text: string): string {
  return token.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`;
}
