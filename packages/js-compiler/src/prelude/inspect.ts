import { isBytes, viewOf } from './bytes.js';
import { describeError } from './describe-error.js';

const depthMax = 4;
const entriesMax = 100;
const textMax = 10_000;

/** A value as a line of a log shows it, much as other runtimes do; bounded in depth and length. */
export function inspect(value: unknown): string {
  return typeof value === 'string' ? value : show(value, 0, []);
}

/** The arguments of `console.log`: https://console.spec.whatwg.org/#formatter for what a log can show of it. */
export function format(values: readonly unknown[]): string {
  const [first, ...rest] = values;
  if (typeof first !== 'string' || !first.includes('%')) return values.map(inspect).join(' ');
  const text = first.replace(/%([sdifjoOc%])/g, (whole, kind: string) => {
    if (kind === '%') return '%';
    if (rest.length === 0) return whole;
    return formatOne(kind, rest.shift());
  });
  return [text, ...rest.map(inspect)].join(' ');
}

function formatOne(kind: string, value: unknown): string {
  switch (kind) {
    case 'd':
    case 'i':
      return String(typeof value === 'bigint' ? value : Math.trunc(Number(value)));
    case 'f':
      return String(Number(value));
    case 'j':
      return JSON.stringify(value) ?? 'undefined';
    case 'c':
      return '';
    default:
      return inspect(value);
  }
}

function show(value: unknown, depth: number, parents: readonly unknown[]): string {
  if (typeof value === 'string') return JSON.stringify(value.length > textMax ? `${value.slice(0, textMax)}...` : value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return `[Function${value.name === '' ? '' : `: ${value.name}`}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (value instanceof Error) return describeError(value);
  if (parents.includes(value)) return '[Circular]';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof RegExp) return String(value);
  if (depth >= depthMax) return Array.isArray(value) ? '[Array]' : '[Object]';
  const inside = [...parents, value];
  const inner = (one: unknown): string => show(one, depth + 1, inside);
  if (isBytes(value)) return showBytes(value);
  if (Array.isArray(value)) return wrap('', '[', value.map(inner), ']');
  if (value instanceof Map)
    return wrap(
      `Map(${value.size}) `,
      '{',
      first(value, ([key, entry]) => `${inner(key)} => ${inner(entry)}`),
      '}',
    );
  if (value instanceof Set) return wrap(`Set(${value.size}) `, '{', first(value, inner), '}');
  const name = value.constructor?.name ?? '';
  const prefix = name === '' || name === 'Object' ? '' : `${name} `;
  return wrap(
    prefix,
    '{',
    first(Object.entries(value), ([key, entry]) => `${keyOf(key)}: ${inner(entry)}`),
    '}',
  );
}

function first<T>(values: Iterable<T>, each: (value: T) => string): string[] {
  const shown: string[] = [];
  for (const value of values) {
    if (shown.length > entriesMax) break;
    shown.push(each(value));
  }
  return shown;
}

function wrap(prefix: string, open: string, parts: readonly string[], close: string): string {
  const shown = parts.length > entriesMax ? [...parts.slice(0, entriesMax), '...'] : parts;
  const space = open === '{' && shown.length > 0 ? ' ' : '';
  return `${prefix}${open}${space}${shown.join(', ')}${space}${close}`;
}

function showBytes(value: ArrayBufferLike | ArrayBufferView): string {
  const bytes = viewOf(value, 'a log line');
  const shown = Array.from(bytes.subarray(0, 20)).join(', ');
  return `${value.constructor.name}(${bytes.length}) [${shown}${bytes.length > 20 ? ', ...' : ''}]`;
}

function keyOf(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
}
