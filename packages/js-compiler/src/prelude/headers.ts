type Init = Headers | Readonly<Record<string, unknown>> | Iterable<readonly [unknown, unknown]> | undefined | null;

const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** https://fetch.spec.whatwg.org/#headers-class, without guards. Values of one name are joined. */
export class Headers {
  readonly #values = new Map<string, string>();

  constructor(init?: Init) {
    if (init === undefined || init === null) return;
    const isIterable = typeof (init as Iterable<unknown>)[Symbol.iterator] === 'function';
    const entries = isIterable ? (init as Iterable<readonly [unknown, unknown]>) : Object.entries(init);
    for (const [name, value] of entries) this.append(name, value);
  }

  append(name: unknown, value: unknown): void {
    const key = keyOf(name);
    const before = this.#values.get(key);
    const text = textOf(value);
    this.#values.set(key, before === undefined ? text : `${before}, ${text}`);
  }

  set(name: unknown, value: unknown): void {
    this.#values.set(keyOf(name), textOf(value));
  }

  get(name: unknown): string | null {
    return this.#values.get(keyOf(name)) ?? null;
  }

  has(name: unknown): boolean {
    return this.#values.has(keyOf(name));
  }

  delete(name: unknown): void {
    this.#values.delete(keyOf(name));
  }

  forEach(callback: (value: string, name: string, headers: Headers) => void, receiver?: unknown): void {
    for (const [name, value] of this) callback.call(receiver, value, name, this);
  }

  *entries(): IterableIterator<[string, string]> {
    yield* [...this.#values].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  *keys(): IterableIterator<string> {
    for (const [name] of this.entries()) yield name;
  }

  *values(): IterableIterator<string> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.entries();
  }
}

function keyOf(name: unknown): string {
  const text = String(name);
  if (!tokenPattern.test(text)) throw new TypeError(`"${text}" is not the name of a header`);
  return text.toLowerCase();
}

function textOf(value: unknown): string {
  const text = String(value).trim();
  if (/[\0\r\n]/.test(text)) throw new TypeError('the value of a header holds no line breaks');
  return text;
}
