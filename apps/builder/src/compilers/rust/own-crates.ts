import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

const pdk = 'torii-pdk';
const extismPdk = 'extism-pdk';

/** The crates that Torii brings along, in a folder of its own for each. */
export class OwnCrates {
  private readonly digests = new Map<string, Promise<string>>();

  constructor(private readonly folder: string) {}

  /**
   * Those that take the place of crates of the registry, by name: `torii-pdk`, which needs crates from there itself; without
   * a registry only `extism-pdk`.
   */
  instead(wanted: ReadonlySet<string>, { isOffline }: { readonly isOffline: boolean }): Map<string, string> {
    const name = isOffline ? extismPdk : pdk;
    return new Map(wanted.has(name) ? [[name, path.join(this.folder, name)]] : []);
  }

  /** For the toolchain of a build. */
  async versions(): Promise<Record<string, string>> {
    const manifest = await readFile(path.join(this.folder, pdk, 'Cargo.toml'), 'utf8');
    return { [pdk]: /^version = "([^"]+)"/m.exec(manifest)?.[1] ?? 'unknown' };
  }

  /** Of all files of some of them, which do not change while a builder runs. */
  async digest(folders: Iterable<string>): Promise<string> {
    const digests = await Promise.all([...folders].map((folder) => this.digestOnce(folder)));
    return digests.join();
  }

  private digestOnce(folder: string): Promise<string> {
    const digest = this.digests.get(folder) ?? digestOf(folder);
    this.digests.set(folder, digest);
    return digest;
  }
}

async function digestOf(folder: string): Promise<string> {
  const hash = createHash('sha256');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  for (const file of files.sort()) {
    hash.update(`${path.relative(folder, file)}\0`).update(await readFile(file));
  }
  return hash.digest('hex');
}
