import type { IncomingMessage } from 'node:http';
import { parseCookie } from 'cookie';

/** What of a request decides, beside where it points. */
export type RequestHead = Pick<IncomingMessage, 'method' | 'headers' | 'headersDistinct'>;
type Head = Pick<RequestHead, 'headersDistinct' | 'headers'>;

const none: readonly string[] = [];

/** What conditions may ask about a request, each read when it is first asked for. */
export class RequestFacts {
  private parameters: URLSearchParams | undefined;
  private cookies: Readonly<Record<string, string | undefined>> | undefined;

  constructor(
    private readonly head: Head,
    private readonly search: string,
  ) {}

  /** One value for each field line of that name, which is in lower case. */
  header(name: string): readonly string[] {
    // Not of the prototype: a condition may name any header.
    return Object.hasOwn(this.head.headersDistinct, name) ? (this.head.headersDistinct[name] ?? none) : none;
  }

  query(name: string): readonly string[] {
    this.parameters ??= new URLSearchParams(this.search);
    return this.parameters.getAll(name);
  }

  /** The first of that name, as servers commonly read them (RFC 6265 section 5.4 leaves it open). */
  cookie(name: string): readonly string[] {
    this.cookies ??= parseCookie(this.head.headers.cookie ?? '');
    const value = this.cookies[name];
    return value === undefined ? none : [value];
  }
}
