import { RE2JS } from 're2js';

/** Whether an expression matches the whole of a text; in time that is in proportion to the text, whatever the expression. */
export interface Expression {
  testExact(text: string): boolean;
}

/** Texts kept from one change to the next; beyond that the next change begins with none. */
const keptMax = 10_000;

/** Expressions in RE2's syntax, each compiled once however many routes have it. */
export class Expressions {
  private readonly compiled = new Map<string, Expression>();
  private readonly compiledForPaths = new Map<string, Expression>();

  /** These, for the next configuration; none when they are so many that most may no longer be used. */
  forChange(): Expressions {
    return this.compiled.size + this.compiledForPaths.size > keptMax ? new Expressions() : this;
  }

  /** Throws on what RE2 does not know; the control plane has refused that. */
  compile(source: string): Expression {
    return compiledIn(this.compiled, source, 0);
  }

  /** The same, but a dot is for every character: nobody gets past a slot by a line feed in a path. */
  compileForPaths(source: string): Expression {
    return compiledIn(this.compiledForPaths, source, RE2JS.DOTALL);
  }
}

function compiledIn(known: Map<string, Expression>, source: string, flags: number): Expression {
  let expression = known.get(source);
  if (expression === undefined) {
    expression = RE2JS.compile(source, flags);
    known.set(source, expression);
  }
  return expression;
}
