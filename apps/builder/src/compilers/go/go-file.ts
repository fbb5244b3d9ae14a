import { type GoToken, scanGo } from './go-scanner.js';

interface GoImport {
  readonly path: string;
  readonly line: number;
}

export interface GoFunction {
  readonly name: string;
  /** Receivers make a method of it, which cannot be imported or exported. */
  readonly isMethod: boolean;
  readonly hasBody: boolean;
  /** The comments right above it, first to last. */
  readonly doc: readonly GoToken[];
  /** Of the parameters and the results, without parentheses; the results may be one type. */
  readonly params: readonly GoToken[];
  readonly results: readonly GoToken[];
  /** Where the signature ends. */
  readonly endOffset: number;
}

/** What we need to know of a Go file; what is not well-formed is left out, and the compiler says so. */
export interface GoFile {
  readonly packageName: string | undefined;
  readonly imports: readonly GoImport[];
  readonly functions: readonly GoFunction[];
}

export function parseGoFile(source: string): GoFile {
  return new FileReader(scanGo(source)).read();
}

const opening = new Set(['(', '[', '{']);
const closing = new Set([')', ']', '}']);

class FileReader {
  private at = 0;
  private packageName: string | undefined;
  private readonly imports: GoImport[] = [];
  private readonly functions: GoFunction[] = [];

  constructor(private readonly tokens: readonly GoToken[]) {}

  read(): GoFile {
    for (let token = this.next(); token !== undefined; token = this.next()) {
      if (opening.has(token.text)) this.skipBlock();
      else if (token.kind !== 'word') continue;
      else if (token.text === 'package') this.packageName ??= this.next()?.text;
      else if (token.text === 'import') this.readImports();
      else if (token.text === 'func') this.readFunction(this.docAbove(this.at - 1));
    }
    return { packageName: this.packageName, imports: this.imports, functions: this.functions };
  }

  /** The next token that is no comment. */
  private next(): GoToken | undefined {
    let token = this.tokens[this.at++];
    while (token?.kind === 'comment') token = this.tokens[this.at++];
    return token;
  }

  private peek(): GoToken | undefined {
    const { at } = this;
    const token = this.next();
    this.at = at;
    return token;
  }

  /** After an opening mark: everything up to the one that closes it. */
  private skipBlock(): GoToken[] {
    const inside: GoToken[] = [];
    for (let depth = 1; ; ) {
      const token = this.next();
      if (token === undefined) return inside;
      if (token.kind === 'mark' && opening.has(token.text)) depth += 1;
      if (token.kind === 'mark' && closing.has(token.text)) depth -= 1;
      if (depth === 0) return inside;
      inside.push(token);
    }
  }

  /** `import "a"`, `import b "a"`, or a block of these. */
  private readImports(): void {
    let token = this.next();
    if (token?.text === '(') {
      for (const inner of this.skipBlock()) this.addImport(inner);
      return;
    }
    for (; token !== undefined && token.kind !== 'break'; token = this.next()) this.addImport(token);
  }

  private addImport({ kind, text, line }: GoToken): void {
    if (kind === 'string') this.imports.push({ path: text.replace(/^["`]|["`]$/g, ''), line });
  }

  private docAbove(index: number): GoToken[] {
    const doc: GoToken[] = [];
    for (let at = index - 1; this.tokens[at]?.kind === 'break' && this.tokens[at - 1]?.kind === 'comment'; at -= 2) {
      const comment = this.tokens[at - 1];
      if (comment !== undefined) doc.unshift(comment);
    }
    return doc;
  }

  /** After `func`, at the top of a file. */
  private readFunction(doc: readonly GoToken[]): void {
    let token = this.next();
    const isMethod = token?.text === '(';
    if (isMethod) {
      this.skipBlock();
      token = this.next();
    }
    if (token?.kind !== 'word') return;
    const name = token.text;
    if (this.next()?.text !== '(') return; // with type parameters: neither imported nor exported
    const params = this.skipBlock();
    let endOffset = this.endOfLast();
    const results: GoToken[] = [];
    for (let next = this.peek(); next !== undefined && next.kind !== 'break' && next.text !== '{'; next = this.peek()) {
      this.next();
      if (next.text === '(') results.push(...this.skipBlock());
      else results.push(next);
      endOffset = this.endOfLast();
    }
    const hasBody = this.peek()?.text === '{';
    this.functions.push({ name, isMethod, hasBody, doc, params, results, endOffset });
  }

  private endOfLast(): number {
    const last = this.tokens[this.at - 1];
    return last === undefined ? 0 : last.offset + last.text.length;
  }
}
