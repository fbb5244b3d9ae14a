/** One segment of a template path. */
export type TemplateSegment =
  | { readonly type: 'literal'; readonly text: string }
  | { readonly type: 'name'; readonly name: string }
  | { readonly type: 'regex'; readonly name: string; readonly source: string }
  | { readonly type: 'any' };

const paramName = /^(?!__)[A-Za-z_][A-Za-z0-9_-]{0,63}$/;
const regexSegment = /^\$([^<]*)<(.*)>$/s;

/**
 * The segments of a template such as `/users/:id/$page<[0-9]+>/*`: a literal (not decoded yet), a name that takes any segment, an
 * expression that the whole segment must match, or `*`. An expression may hold slashes, which then are part of it.
 *
 * Throws a `TypeError` that says what is wrong with a template.
 */
export function parseTemplate(template: string): TemplateSegment[] {
  const names = new Set<string>();
  return splitTemplate(template).map((text): TemplateSegment => {
    if (text === '*') return { type: 'any' };
    if (text.startsWith(':')) return { type: 'name', name: newName(text.slice(1), names) };
    if (!text.startsWith('$')) return { type: 'literal', text };
    const parts = regexSegment.exec(text);
    if (parts === null) throw new TypeError(`the segment ${text} must be $name<expression>; write %24 for a $ of its own`);
    const [, name = '', source = ''] = parts;
    if (source === '') throw new TypeError(`the expression of $${name}<> is empty`);
    return { type: 'regex', name: newName(name, names), source };
  });
}

/** A template without its expressions, for the checks that any path gets. */
export function withoutExpressions(template: string): string {
  return `/${splitTemplate(template)
    .map((segment) => (segment.startsWith('$') ? '$' : segment))
    .join('/')}`;
}

function newName(name: string, names: Set<string>): string {
  if (!paramName.test(name))
    throw new TypeError(`"${name}" is no name for a part of a path: letters, digits, _ and -, beginning with a letter or one _`);
  if (names.has(name)) throw new TypeError(`the name "${name}" stands twice`);
  names.add(name);
  return name;
}

/** Splits at the slashes outside of expressions. An expression ends at the first `>` that is followed by a slash or by nothing. */
function splitTemplate(template: string): string[] {
  const segments: string[] = [];
  let rest = template.slice(1);
  for (;;) {
    const end = rest.startsWith('$') && rest.includes('<') ? expressionEnd(rest) : rest.indexOf('/');
    if (end === -1) return [...segments, rest];
    segments.push(rest.slice(0, end));
    rest = rest.slice(end + 1);
  }
}

function expressionEnd(text: string): number {
  const close = />(\/|$)/.exec(text);
  if (close === null || close[1] === '') return -1;
  return close.index + 1;
}
