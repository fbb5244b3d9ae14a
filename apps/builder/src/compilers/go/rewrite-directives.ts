import { type GoFunction, parseGoFile } from './go-file.js';
import type { GoToken } from './go-scanner.js';

export interface RewrittenGo {
  /** The source with as many lines as before, so that what the compiler says of a line is true of the author's. */
  readonly source: string;
  /** Functions that another file of the same package must have; none in most cases. */
  readonly companions: readonly string[];
}

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/**
 * Makes of the exports and imports that TinyGo wants those of standard Go, https://go.dev/wiki/WebAssembly:
 * `//export f` above a function with a body becomes `//go:wasmexport f`, and above one without, `//go:wasmimport env f`,
 * or of the module that a `//go:wasm-module` line there names. Sources for standard Go stay as they are.
 *
 * TinyGo takes `int` in such functions, standard Go does not: these go through a function that converts, and cross the
 * border as i64 in imports, as Otoroshi's host functions are, and as i32 in exports, as Extism's functions are.
 */
export function rewriteDirectives(source: string): RewrittenGo {
  if (!source.includes('//export ')) return { source, companions: [] };
  const edits: Edit[] = [];
  const companions: string[] = [];
  for (const declared of parseGoFile(source).functions) {
    const exported = directive(declared, /^\/\/export\s+(\S+)\s*$/);
    if (exported === undefined || declared.isMethod) continue;
    if (declared.hasBody) rewriteExport(declared, exported, edits, companions);
    else rewriteImport(declared, exported, edits, companions);
  }
  return { source: apply(source, edits), companions };
}

interface Directive {
  readonly comment: GoToken;
  readonly argument: string;
}

function directive({ doc }: GoFunction, pattern: RegExp): Directive | undefined {
  for (const comment of doc) {
    const argument = pattern.exec(comment.text)?.[1];
    if (argument !== undefined) return { comment, argument };
  }
  return undefined;
}

function rewriteExport(declared: GoFunction, { comment, argument }: Directive, edits: Edit[], companions: string[]): void {
  const params = readFields(declared.params);
  const results = readFields(declared.results);
  if (![...params, ...results].some(({ type }) => isPlainInt(type))) {
    edits.push(replacement(comment, `//go:wasmexport ${argument}`));
    return;
  }
  const outer = (type: string): string => ({ int: 'int32', uint: 'uint32' })[type] ?? type;
  const names = params.map((_, index) => `p${index}`);
  const call = `${declared.name}(${params.map(({ type }, index) => converted(names[index] ?? '', type)).join(', ')})`;
  const signature = `(${params.map(({ type }, index) => `${names[index]} ${outer(type)}`).join(', ')})`;
  const result = results[0];
  edits.push(replacement(comment, '//'));
  companions.push(
    `//go:wasmexport ${argument}\nfunc toriiExport_${declared.name}${signature} ${
      result === undefined ? `{ ${call} }` : `${outer(result.type)} { return ${outer(result.type)}(${call}) }`
    }`,
  );
}

function rewriteImport(declared: GoFunction, { comment, argument }: Directive, edits: Edit[], companions: string[]): void {
  const module = directive(declared, /^\/\/go:wasm-module\s+(\S+)\s*$/);
  if (module !== undefined) edits.push(replacement(module.comment, '//'));
  const wanted = `//go:wasmimport ${module?.argument ?? 'env'} ${argument}`;
  const params = readFields(declared.params);
  const results = readFields(declared.results);
  const fields = [...params, ...results];
  if (!fields.some(({ type }) => isPlainInt(type)) || params.some(({ name }) => name === undefined || name === '_')) {
    edits.push(replacement(comment, wanted));
    return;
  }
  const outer = (type: string): string => ({ int: 'int64', uint: 'uint64' })[type] ?? type;
  const inner = `toriiImport_${declared.name}`;
  const result = results[0];
  const call = `${inner}(${params.map(({ name, type }) => (isPlainInt(type) ? `${outer(type)}(${name})` : name)).join(', ')})`;
  edits.push(replacement(comment, '//'));
  edits.push({
    from: declared.endOffset,
    to: declared.endOffset,
    text: result === undefined ? ` { ${call} }` : ` { return ${converted(call, result.type)} }`,
  });
  companions.push(
    `${wanted}\nfunc ${inner}(${params.map(({ name, type }) => `${name} ${outer(type)}`).join(', ')}) ${result === undefined ? '' : outer(result.type)}`,
  );
}

function isPlainInt(type: string): boolean {
  return type === 'int' || type === 'uint';
}

function converted(value: string, type: string): string {
  return isPlainInt(type) ? `${type}(${value})` : value;
}

interface Field {
  readonly name: string | undefined;
  readonly type: string;
}

/** Parameters or results: `a, b int`, `a int, b uint64`, or types alone, https://go.dev/ref/spec#Function_types. */
function readFields(tokens: readonly GoToken[]): Field[] {
  const groups: string[][] = [[]];
  let depth = 0;
  for (const { kind, text } of tokens) {
    if (kind === 'break') continue;
    if (kind === 'mark' && '([{'.includes(text)) depth += 1;
    if (kind === 'mark' && ')]}'.includes(text)) depth -= 1;
    if (text === ',' && depth === 0) groups.push([]);
    else groups.at(-1)?.push(text);
  }
  const filled = groups.filter((group) => group.length > 0);
  const isNamed = filled.some((group) => group.length > 1 && /^[\p{L}_]/u.test(group[0] ?? '') && group[1] !== '.');
  if (!isNamed) return filled.map((group) => ({ name: undefined, type: group.join('') }));
  const backwards: Field[] = [];
  let type = '';
  for (const group of filled.reverse()) {
    // A name alone has the type of the one after it.
    if (group.length > 1) type = group.slice(1).join('');
    backwards.push({ name: group[0], type });
  }
  return backwards.reverse();
}

function replacement({ offset, text: old }: GoToken, text: string): Edit {
  return { from: offset, to: offset + old.length, text };
}

/** In one pass: a source may have as many exports as lines. */
function apply(source: string, edits: readonly Edit[]): string {
  const pieces: string[] = [];
  let done = 0;
  for (const { from, to, text } of [...edits].sort((a, b) => a.from - b.from)) {
    pieces.push(source.slice(done, from), text);
    done = to;
  }
  return [...pieces, source.slice(done)].join('');
}
