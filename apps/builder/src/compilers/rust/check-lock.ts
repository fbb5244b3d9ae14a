import { BuildError } from '@torii/contracts';
import { parse } from 'smol-toml';

/** How cargo writes down that a crate is from crates.io. */
const cratesIo = new Set(['registry+https://github.com/rust-lang/crates.io-index', 'sparse+https://index.crates.io/']);

/**
 * Refuses a resolution that takes a crate from anywhere but crates.io and folders, or one of ours from there. Throws
 * `BuildError`.
 */
export function checkLock(text: string, ours: ReadonlySet<string>): void {
  for (const { name, source } of packagesOf(text)) {
    if (source === undefined) continue;
    if (!cratesIo.has(source)) {
      throw new BuildError('build.dependencies_failed', `Cargo.lock takes ${name} from ${source}: builds take crates from crates.io only`);
    }
    if (ours.has(name)) {
      throw new BuildError(
        'build.dependencies_failed',
        `The version of ${name} that Cargo.toml asks for is not the builder's: ask for the one of the templates`,
      );
    }
  }
}

function packagesOf(text: string): { readonly name: string; readonly source: string | undefined }[] {
  const { package: packages } = parseLock(text);
  if (!Array.isArray(packages)) return [];
  return packages.flatMap((entry: unknown) => {
    const { name, source } = (entry ?? {}) as { readonly name?: unknown; readonly source?: unknown };
    return typeof name === 'string' ? [{ name, source: typeof source === 'string' ? source : undefined }] : [];
  });
}

function parseLock(text: string): { readonly package?: unknown } {
  try {
    return parse(text);
  } catch {
    throw new BuildError('build.dependencies_failed', 'Cargo.lock is not what cargo writes: remove it, and it is made anew');
  }
}
