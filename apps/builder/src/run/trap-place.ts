const namesMax = 5;
const causesMax = 5;
/** A line of a stack for a function whose name the module keeps; V8 writes the others without parentheses. */
const namedFrame = /^\s*at (\S+) \(wasm:\/\//gm;

/** ` (in parse, called by run)` for a trap in a module that keeps names; else nothing. */
export function trapPlace(error: unknown): string {
  let cause = error;
  for (let depth = 0; depth < causesMax; depth += 1) {
    const { stack, cause: next } = (cause ?? {}) as { readonly stack?: unknown; readonly cause?: unknown };
    const names = typeof stack === 'string' ? Array.from(stack.matchAll(namedFrame), ([, name = '']) => name) : [];
    if (names.length > 0) return ` (in ${names.slice(0, namesMax).join(', called by ')})`;
    cause = next;
  }
  return '';
}
