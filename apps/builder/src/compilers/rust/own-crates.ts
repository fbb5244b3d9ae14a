import path from 'node:path';
import { folderDigest, shortDigest } from '../folder-digest.js';

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
    return { [pdk]: await shortDigest(this.folder) };
  }

  /** Of all files of some of them, which do not change while a builder runs. */
  async digest(folders: Iterable<string>): Promise<string> {
    const digests = await Promise.all([...folders].map((folder) => this.digestOnce(folder)));
    return digests.join();
  }

  private digestOnce(folder: string): Promise<string> {
    const digest = this.digests.get(folder) ?? folderDigest(folder);
    this.digests.set(folder, digest);
    return digest;
  }
}
