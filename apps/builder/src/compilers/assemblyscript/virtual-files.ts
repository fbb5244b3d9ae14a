import type { LibraryFiles } from './library-files.js';

const packageFolder = 'node_modules/';
const libraryPrefix = '~lib/';

/** All that asc gets to read: the files of one function and the packages there are. Nothing else of the host is behind it. */
export class VirtualFiles {
  private readonly texts = new Map<string, string>();

  constructor(
    files: ReadonlyMap<string, Uint8Array>,
    private readonly libraries: LibraryFiles,
  ) {
    const decoder = new TextDecoder();
    for (const [path, bytes] of files) {
      // Only sources: not asconfig.json, which could name programs for the compiler to run.
      if (path.endsWith('.ts') && !path.startsWith(packageFolder)) this.texts.set(path, decoder.decode(bytes));
    }
  }

  read(path: string): string | undefined {
    return path.startsWith(packageFolder) ? this.libraries.packages.get(path) : this.texts.get(path);
  }

  /** By the path that asc gives a file in its messages, where packages are below `~lib/`. */
  textOf(normalizedPath: string): string | undefined {
    if (!normalizedPath.startsWith(libraryPrefix)) return this.texts.get(normalizedPath);
    const path = normalizedPath.slice(libraryPrefix.length);
    return this.libraries.packages.get(packageFolder + path) ?? this.libraries.standard.get(path.replace(/\.ts$/, ''));
  }
}
