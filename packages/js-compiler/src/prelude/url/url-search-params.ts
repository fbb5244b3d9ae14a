import { encodeSets, percentDecode, percentEncode } from './percent-encoding.js';

type Pair = [name: string, value: string];
type Init = string | Iterable<readonly [unknown, unknown]> | Readonly<Record<string, unknown>> | undefined | null;

/** https://url.spec.whatwg.org/#interface-urlsearchparams */
export class URLSearchParams {
  #pairs: Pair[];
  /** Told of every change, by the URL that it is a part of. */
  #onChange: () => void = () => undefined;

  constructor(init: Init = '') {
    if (typeof init === 'object' && init !== null) {
      const isIterable = typeof (init as Iterable<unknown>)[Symbol.iterator] === 'function';
      const entries = isIterable ? [...(init as Iterable<readonly [unknown, unknown]>)] : Object.entries(init);
      this.#pairs = entries.map(([name, value]) => [textOf(name), textOf(value)]);
      return;
    }
    this.#pairs = parsePairs(textOf(init));
  }

  /** For `URL` only. */
  follow(onChange: () => void): void {
    this.#onChange = onChange;
  }

  /** For `URL` only: takes another query without telling of it. */
  reset(query: string): void {
    this.#pairs = parsePairs(query);
  }

  get size(): number {
    return this.#pairs.length;
  }

  append(name: unknown, value: unknown): void {
    this.#pairs.push([textOf(name), textOf(value)]);
    this.#onChange();
  }

  delete(name: unknown, value?: unknown): void {
    const matches = matcher(name, value);
    this.#pairs = this.#pairs.filter((pair) => !matches(pair));
    this.#onChange();
  }

  get(name: unknown): string | null {
    return this.#pairs.find(matcher(name))?.[1] ?? null;
  }

  getAll(name: unknown): string[] {
    return this.#pairs.filter(matcher(name)).map(([, value]) => value);
  }

  has(name: unknown, value?: unknown): boolean {
    return this.#pairs.some(matcher(name, value));
  }

  set(name: unknown, value: unknown): void {
    const matches = matcher(name);
    const first = this.#pairs.findIndex(matches);
    const pair: Pair = [textOf(name), textOf(value)];
    if (first < 0) this.#pairs.push(pair);
    else this.#pairs = this.#pairs.filter((one, index) => index <= first || !matches(one)).with(first, pair);
    this.#onChange();
  }

  sort(): void {
    this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.#onChange();
  }

  forEach(callback: (value: string, name: string, params: URLSearchParams) => void, receiver?: unknown): void {
    for (const [name, value] of this) callback.call(receiver, value, name, this);
  }

  *entries(): IterableIterator<[string, string]> {
    for (const [name, value] of this.#pairs) yield [name, value];
  }

  *keys(): IterableIterator<string> {
    for (const [name] of this.#pairs) yield name;
  }

  *values(): IterableIterator<string> {
    for (const [, value] of this.#pairs) yield value;
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.entries();
  }

  toString(): string {
    return this.#pairs.map(([name, value]) => `${encodeForm(name)}=${encodeForm(value)}`).join('&');
  }
}

/** https://url.spec.whatwg.org/#concept-urlencoded-parser */
function parsePairs(text: string): Pair[] {
  const pairs: Pair[] = [];
  for (const part of (text.startsWith('?') ? text.slice(1) : text).split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    pairs.push(equals < 0 ? [decodeForm(part), ''] : [decodeForm(part.slice(0, equals)), decodeForm(part.slice(equals + 1))]);
  }
  return pairs;
}

function decodeForm(text: string): string {
  return percentDecode(text.replaceAll('+', ' '));
}

function encodeForm(text: string): string {
  return text
    .split(' ')
    .map((part) => percentEncode(part, encodeSets.form))
    .join('+');
}

function matcher(name: unknown, value?: unknown): (pair: Pair) => boolean {
  const wanted = textOf(name);
  if (value === undefined) return ([key]) => key === wanted;
  const wantedValue = textOf(value);
  return ([key, one]) => key === wanted && one === wantedValue;
}

function textOf(value: unknown): string {
  return String(value).toWellFormed();
}
