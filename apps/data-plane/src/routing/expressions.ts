import { RE2JS } from 're2js';

/** Whether an expression matches the whole of a text; in time that is in proportion to the text, whatever the expression. */
export interface Expression {
  testExact(text: string): boolean;
}

/** The expressions of one route table in RE2's syntax, each compiled once however many routes have it. */
export class Expressions {
  private readonly compiled = new Map<string, Expression>();

  /** Throws on what RE2 does not know; the control plane has refused that. */
  compile(source: string): Expression {
    let expression = this.compiled.get(source);
    if (expression === undefined) {
      expression = RE2JS.compile(source);
      this.compiled.set(source, expression);
    }
    return expression;
  }
}
