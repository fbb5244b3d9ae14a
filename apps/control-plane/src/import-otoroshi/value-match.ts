import type { ValueMatch } from '@torii/contracts';

const expression = /^(Regex|Wildcard)\((.*)\)$/s;
const present = new Set(['Exists()', 'IsDefined()']);

/**
 * What Otoroshi's text says a header, a query parameter or a cookie must be: `Regex(...)`, `Wildcard(...)`, `Exists()`,
 * `IsDefined()`, `NotDefined()`, or the value itself.
 */
export function valueMatch(name: string, text: string): ValueMatch {
  if (present.has(text)) return { name, type: 'exists' };
  if (text === 'NotDefined()') return { name, type: 'absent' };
  const [, form, value] = expression.exec(text) ?? [];
  if (value === undefined) return { name, type: 'exact', value: text };
  return { name, type: form === 'Regex' ? 'regex' : 'wildcard', value };
}
