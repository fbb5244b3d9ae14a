import type { AbortSignal } from './abort.js';
import { isBytes, viewOf } from './bytes.js';
import { Headers } from './headers.js';
import { send } from './http.js';
import { native } from './native.js';
import { decodeUtf8, decodeUtf8Strictly, encodeUtf8 } from './utf8.js';

interface ResponseInit {
  readonly status?: number;
  readonly statusText?: string;
  readonly headers?: ConstructorParameters<typeof Headers>[0];
  readonly url?: string;
}

interface RequestInit {
  readonly method?: string;
  readonly headers?: ConstructorParameters<typeof Headers>[0];
  readonly body?: unknown;
  readonly signal?: AbortSignal | null;
}

const textType = 'text/plain;charset=UTF-8';
const formType = 'application/x-www-form-urlencoded;charset=UTF-8';

/** https://fetch.spec.whatwg.org/#body-mixin, for bodies that are all there. */
class Body {
  bodyUsed = false;
  readonly #bytes: Uint8Array | undefined;
  /** What the content is unless headers say otherwise. */
  protected readonly impliedType: string | undefined;

  constructor(body: unknown) {
    if (body === undefined || body === null) return;
    if (isBytes(body)) {
      this.#bytes = viewOf(body, 'a body').slice();
      return;
    }
    this.impliedType = isForm(body) ? formType : textType;
    this.#bytes = encodeUtf8(String(body));
  }

  async text(): Promise<string> {
    const bytes = this.take();
    return bytes === undefined ? '' : decodeUtf8(bytes);
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.bytes()).buffer as ArrayBuffer;
  }

  async bytes(): Promise<Uint8Array> {
    return this.take() ?? new Uint8Array(0);
  }

  /** The bytes, which can still be read. */
  protected peek(): Uint8Array | undefined {
    if (this.bodyUsed) throw new TypeError('the body has been read already');
    return this.#bytes;
  }

  private take(): Uint8Array | undefined {
    const bytes = this.peek();
    this.bodyUsed = true;
    return bytes;
  }
}

export class Response extends Body {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly url: string;
  readonly redirected = false;
  readonly type = 'default';

  static json(value: unknown, init: ResponseInit = {}): Response {
    const headers = new Headers(init.headers);
    if (!headers.has('content-type')) headers.set('content-type', 'application/json');
    return new Response(JSON.stringify(value), { ...init, headers });
  }

  static redirect(url: unknown, status = 302): Response {
    return new Response(null, { status, headers: { location: String(url) } });
  }

  constructor(body?: unknown, init: ResponseInit = {}) {
    super(body);
    this.status = init.status ?? 200;
    this.statusText = init.statusText ?? '';
    this.headers = withType(init.headers, this.impliedType);
    this.url = init.url ?? '';
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  clone(): Response {
    return new Response(this.peek(), this);
  }

  /** Not of browsers: what a plugin that answers requests puts out, so that a function can return a `Response`. */
  toJSON(): unknown {
    const { status } = this;
    const headers = Object.fromEntries(this.headers);
    const bytes = this.peek();
    if (bytes === undefined) return { status, headers };
    const text = wholeText(bytes);
    return text === undefined ? { status, headers, body_base64: base64Of(bytes) } : { status, headers, body: text };
  }
}

export class Request extends Body {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly signal: AbortSignal | null;

  constructor(input: unknown, init: RequestInit = {}) {
    const from = input instanceof Request ? input : undefined;
    super(init.body ?? from?.peek());
    this.url = from?.url ?? String(input);
    this.method = normalised(init.method ?? from?.method ?? 'GET');
    this.headers = withType(init.headers ?? from?.headers, this.impliedType);
    this.signal = init.signal ?? from?.signal ?? null;
    if ((this.method === 'GET' || this.method === 'HEAD') && this.peek() !== undefined) {
      throw new TypeError(`a ${this.method} request has no body`);
    }
  }

  clone(): Request {
    return new Request(this);
  }

  /** Calls out, and waits for the whole answer. */
  send(): Response {
    this.signal?.throwIfAborted();
    const answer = send({ url: this.url, method: this.method, headers: Object.fromEntries(this.headers) }, this.peek(), 'fetch');
    if (answer.status === 0) throw new TypeError(`fetch of ${this.url} failed: it was refused, or nobody answered; the log says more`);
    const body = answer.body === 0 ? undefined : native.loadBytes(answer.body, native.length(answer.body));
    return new Response(body, { status: answer.status, headers: answer.headers, url: this.url });
  }
}

/** https://fetch.spec.whatwg.org/#fetch-method. The answer is there when the promise is: waiting for several takes as long as for each in turn. */
export async function fetch(input: unknown, init?: RequestInit): Promise<Response> {
  return new Request(input, init).send();
}

function withType(init: ConstructorParameters<typeof Headers>[0], type: string | undefined): Headers {
  const headers = new Headers(init);
  if (type !== undefined && !headers.has('content-type')) headers.set('content-type', type);
  return headers;
}

/** Undefined when the bytes are no text. */
function wholeText(bytes: Uint8Array): string | undefined {
  try {
    return decodeUtf8Strictly(bytes);
  } catch {
    return undefined;
  }
}

/** In pieces, because a call has only so many arguments. */
function base64Of(bytes: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += 8_192) binary += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  return btoa(binary);
}

function normalised(method: string): string {
  const upper = String(method).toUpperCase();
  return upper === 'PATCH' ? String(method) : upper;
}

function isForm(body: unknown): boolean {
  return body instanceof URLSearchParams;
}
