/** How names are completed, in the order in which that is tried. */
const extensions = ['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs', '.json'];
/** TypeScript's sources name the files that they will be compiled to. */
const sourcesOf: Readonly<Record<string, readonly string[]>> = {
  '.js': ['.ts', '.tsx'],
  '.jsx': ['.tsx'],
  '.mjs': ['.mts'],
  '.cjs': ['.cts'],
};

/** Files that are only in memory, and all that may be imported by a relative name from one of them. */
export class VirtualTree {
  constructor(private readonly files: ReadonlyMap<string, Uint8Array>) {}

  has(path: string): boolean {
    return this.files.has(path);
  }

  read(path: string): Uint8Array | undefined {
    return this.files.get(path);
  }

  /** The file that a name stands for, with an extension or as the index of a folder; undefined for none. */
  find(path: string): string | undefined {
    return this.candidates(path).find((candidate) => this.files.has(candidate));
  }

  private candidates(path: string): string[] {
    const dot = path.lastIndexOf('.');
    const written = (dot < 0 ? undefined : sourcesOf[path.slice(dot)]) ?? [];
    return [
      ...(path === '' ? [] : [path]),
      ...written.map((extension) => path.slice(0, dot) + extension),
      ...(path === '' ? [] : extensions.map((extension) => path + extension)),
      ...extensions.map((extension) => `${path === '' ? '' : `${path}/`}index${extension}`),
    ];
  }
}

/** A relative name as a path from the top of the tree; undefined when it leads out of it. */
export function joinInTree(importer: string, specifier: string): string | undefined {
  const segments = importer.split('/').slice(0, -1);
  for (const segment of specifier.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') segments.push(segment);
    else if (segments.pop() === undefined) return undefined;
  }
  return segments.join('/');
}
