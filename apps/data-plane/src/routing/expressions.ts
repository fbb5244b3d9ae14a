import { RE2JS } from 're2js';

/** Whether an expression matches the whole of a text; in time that is in proportion to the text, whatever the expression. */
export interface Expression {
  testExact(text: string): boolean;
}

/** Characters of expressions kept from one change to the next, which take some 200 bytes each; beyond that the next change begins with none. */
const keptMaxChars = 100_000;

/** Expressions in RE2's syntax, each compiled once however many routes have it. */
export class Expressions {
  private readonly compiled = new Map<string, Expression>();
  private readonly compiledForPaths = new Map<string, Expression>();
  private chars = 0;

  /** These, for the next configuration; none when they are so many that most may no longer be used. */
  forChange(): Expressions {
    return this.chars > keptMaxChars ? new Expressions() : this;
  }

  /** Throws on what RE2 does not know; the control plane has refused that. */
  compile(source: string): Expression {
    return this.compiledIn(this.compiled, source, 0);
  }

  /** The same, but a dot is for every character: nobody gets past a slot by a line feed in a path. */
  compileForPaths(source: string): Expression {
    return this.compiledIn(this.compiledForPaths, source, RE2JS.DOTALL);
  }

  private compiledIn(known: Map<string, Expression>, source: string, flags: number): Expression {
    let expression = known.get(source);
    if (expression === undefined) {
      expression = RE2JS.compile(source, flags);
      known.set(source, expression);
      this.chars += source.length;
    }
    return expression;
  }
}
