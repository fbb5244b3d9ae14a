import { encodeQuery, isSpecial, parsePort, parseUrl, resolvePath, serialise, setAuthority, type UrlRecord } from './parse-url.js';
import { encodeSets, percentEncode } from './percent-encoding.js';
import { URLSearchParams } from './url-search-params.js';

/** https://url.spec.whatwg.org/#url-class */
export class URL {
  #record: UrlRecord;
  /** Made when it is first asked for. */
  #params: URLSearchParams | undefined;

  static canParse(input: unknown, base?: unknown): boolean {
    return recordOf(input, base) !== undefined;
  }

  static parse(input: unknown, base?: unknown): URL | null {
    return URL.canParse(input, base) ? new URL(input, base) : null;
  }

  constructor(input: unknown, base?: unknown) {
    const record = recordOf(input, base);
    if (record === undefined) throw new TypeError(`Invalid URL: ${String(input)}`);
    this.#record = record;
  }

  get href(): string {
    return serialise(this.#record);
  }

  set href(value: unknown) {
    const record = recordOf(value);
    if (record === undefined) throw new TypeError(`Invalid URL: ${String(value)}`);
    this.#record = record;
    this.#params?.reset(record.query ?? '');
  }

  get origin(): string {
    const { scheme, path } = this.#record;
    if (scheme === 'blob') return /^https?:/.test(path) ? (URL.parse(path)?.origin ?? 'null') : 'null';
    return isSpecial(scheme) && scheme !== 'file' ? `${scheme}://${this.host}` : 'null';
  }

  get protocol(): string {
    return `${this.#record.scheme}:`;
  }

  set protocol(value: unknown) {
    const [, scheme] = /^([A-Za-z][A-Za-z0-9+.-]*)(:|$)/.exec(String(value)) ?? [];
    const record = this.#record;
    if (scheme === undefined || isSpecial(scheme.toLowerCase()) !== isSpecial(record.scheme)) return;
    if (scheme.toLowerCase() === 'file' || record.scheme === 'file') return;
    record.scheme = scheme.toLowerCase();
    record.port = parsePort(record.port, record.scheme) ?? '';
  }

  get username(): string {
    return this.#record.username;
  }

  set username(value: unknown) {
    if (this.#hasAuthority()) this.#record.username = percentEncode(textOf(value), encodeSets.userinfo);
  }

  get password(): string {
    return this.#record.password;
  }

  set password(value: unknown) {
    if (this.#hasAuthority()) this.#record.password = percentEncode(textOf(value), encodeSets.userinfo);
  }

  get host(): string {
    const { host = '', port } = this.#record;
    return port === '' ? host : `${host}:${port}`;
  }

  set host(value: unknown) {
    this.#setHost(textOf(value), this.#record.port);
  }

  get hostname(): string {
    return this.#record.host ?? '';
  }

  set hostname(value: unknown) {
    const text = textOf(value);
    if (text.startsWith('[') || !text.includes(':')) this.#setHost(text, this.#record.port);
  }

  get port(): string {
    return this.#record.port;
  }

  set port(value: unknown) {
    const [digits = ''] = /^[0-9]*/.exec(textOf(value)) ?? [];
    if (!this.#hasAuthority() || (digits === '' && value !== '')) return;
    this.#record.port = parsePort(digits, this.#record.scheme) ?? this.#record.port;
  }

  get pathname(): string {
    return this.#record.path;
  }

  set pathname(value: unknown) {
    const { scheme, hasOpaquePath } = this.#record;
    if (hasOpaquePath) return;
    const text = textOf(value).replace(/[?#]/g, (mark) => (mark === '?' ? '%3F' : '%23'));
    this.#record.path = text === '' && !isSpecial(scheme) ? '' : resolvePath(text, scheme);
  }

  get search(): string {
    const { query } = this.#record;
    return query === undefined || query === '' ? '' : `?${query}`;
  }

  set search(value: unknown) {
    const text = textOf(value).replace(/^\?/, '');
    this.#record.query = textOf(value) === '' ? undefined : encodeQuery(text.replaceAll('#', '%23'), this.#record.scheme);
    this.#params?.reset(this.#record.query ?? '');
  }

  get searchParams(): URLSearchParams {
    if (this.#params === undefined) {
      const params = new URLSearchParams(this.#record.query ?? '');
      params.follow(() => {
        const query = params.toString();
        this.#record.query = query === '' ? undefined : query;
      });
      this.#params = params;
    }
    return this.#params;
  }

  get hash(): string {
    const { fragment } = this.#record;
    return fragment === undefined || fragment === '' ? '' : `#${fragment}`;
  }

  set hash(value: unknown) {
    const text = textOf(value).replace(/^#/, '');
    this.#record.fragment = textOf(value) === '' ? undefined : percentEncode(text, encodeSets.fragment);
  }

  toString(): string {
    return this.href;
  }

  toJSON(): string {
    return this.href;
  }

  #hasAuthority(): boolean {
    const { host, scheme } = this.#record;
    return host !== undefined && host !== '' && scheme !== 'file';
  }

  /** Nothing changes when it is none. */
  #setHost(text: string, port: string): void {
    if (this.#record.hasOpaquePath) return;
    const [authority = ''] = text.split(isSpecial(this.#record.scheme) ? /[/\\?#]/ : /[/?#]/);
    if (authority.includes('@')) return;
    const changed = { ...this.#record };
    if (!setAuthority(changed, authority)) return;
    this.#record.host = changed.host;
    this.#record.port = /^(\[[^\]]*\]|[^:]*):/.test(authority) ? changed.port : port;
  }
}

function recordOf(input: unknown, base?: unknown): UrlRecord | undefined {
  if (base === undefined) return parseUrl(textOf(input));
  const parsedBase = parseUrl(textOf(base));
  return parsedBase === undefined ? undefined : parseUrl(textOf(input), parsedBase);
}

function textOf(value: unknown): string {
  return String(value).toWellFormed();
}
