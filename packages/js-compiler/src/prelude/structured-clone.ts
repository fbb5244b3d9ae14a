type Copies = Map<object, unknown>;

const errors: Readonly<Record<string, ErrorConstructor>> = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

/** https://html.spec.whatwg.org/#structured-cloning, for the values that the language itself has. */
export function structuredClone(value: unknown): unknown {
  return copyOf(value, new Map());
}

function copyOf(value: unknown, copies: Copies): unknown {
  if (typeof value === 'symbol' || typeof value === 'function') throw refusal(typeof value);
  if (typeof value !== 'object' || value === null) return value;
  if (copies.has(value)) return copies.get(value);
  const keep = <T>(copy: T): T => {
    copies.set(value, copy);
    return copy;
  };
  if (Array.isArray(value)) return copyProperties(value, keep(new Array(value.length)), copies);
  if (value instanceof Date) return keep(new Date(value.getTime()));
  if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
  if (value instanceof Boolean || value instanceof Number || value instanceof String) return keep(Object(value.valueOf()));
  if (value instanceof ArrayBuffer) return keep(value.slice(0));
  if (ArrayBuffer.isView(value)) return keep(copyView(value, copies));
  if (value instanceof Map) return copyMap(value, keep(new Map()), copies);
  if (value instanceof Set) return copySet(value, keep(new Set()), copies);
  if (value instanceof Error) return copyError(value, keep, copies);
  if (value instanceof Promise || value instanceof WeakMap || value instanceof WeakSet || value instanceof WeakRef)
    throw refusal(value.constructor.name);
  return copyProperties(value, keep({}), copies);
}

function copyProperties(from: object, to: object, copies: Copies): object {
  for (const key of Object.keys(from)) {
    Object.defineProperty(to, key, {
      value: copyOf(Reflect.get(from, key), copies),
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return to;
}

function copyMap(from: ReadonlyMap<unknown, unknown>, to: Map<unknown, unknown>, copies: Copies): unknown {
  for (const [key, entry] of [...from]) to.set(copyOf(key, copies), copyOf(entry, copies));
  return to;
}

function copySet(from: ReadonlySet<unknown>, to: Set<unknown>, copies: Copies): unknown {
  for (const entry of [...from]) to.add(copyOf(entry, copies));
  return to;
}

/** Views of one buffer stay views of one. */
function copyView(view: ArrayBufferView, copies: Copies): unknown {
  const buffer = copyOf(view.buffer, copies);
  const length = view instanceof DataView ? view.byteLength : Reflect.get(view, 'length');
  return Reflect.construct(view.constructor as new () => unknown, [buffer, view.byteOffset, length]);
}

function copyError(error: Error, keep: <T>(copy: T) => T, copies: Copies): unknown {
  const make = errors[error.name] ?? Error;
  const copy = keep(new make(error.message));
  if (error.stack !== undefined) Object.defineProperty(copy, 'stack', { value: error.stack, writable: true, configurable: true });
  if ('cause' in error) Object.defineProperty(copy, 'cause', { value: copyOf(error.cause, copies), writable: true, configurable: true });
  return copy;
}

function refusal(what: string): unknown {
  return new DOMException(`a ${what} cannot be cloned`, 'DataCloneError');
}
