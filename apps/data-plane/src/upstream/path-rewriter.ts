import { rewriteRest } from '@torii/contracts';

/** The path that a target gets, from what is left of the request's and from the route's parameters. */
export type PathRewriter = (path: string, params: Readonly<Record<string, string>>) => string;

const hole = /\$\{([^{}]*)\}/;

/**
 * Reads `rewritePath` once. `${rest}` is what is left of the path, byte for byte, without its first slash; parameters were
 * read without their escapes, and are escaped anew.
 */
export function pathRewriter(rewritePath: string): PathRewriter {
  // Text and names in turn.
  const parts = rewritePath.split(hole);
  return (path, params) => {
    let written = parts[0] ?? '';
    for (let index = 1; index < parts.length; index += 2) {
      const name = parts[index] ?? '';
      written += name === rewriteRest ? path.slice(1) : encodeURIComponent(params[name] ?? '');
      written += parts[index + 1] ?? '';
    }
    return written;
  };
}
