import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';

/** Of one file of a package; code that is larger is data. */
const fileMaxBytes = 8 * 1024 * 1024;

/** A folder `node_modules`, of which no file outside is ever read, wherever links in it may lead. */
export class PackageFolder {
  private readonly root: string;

  /** Throws when there is no such folder. */
  constructor(folder: string) {
    this.root = realpathSync.native(folder);
  }

  /** Where names are resolved from. */
  get parent(): string {
    return path.dirname(this.root);
  }

  /** A file's name in the folder, with `/`; undefined when it is not inside of it. */
  nameOf(file: string): string | undefined {
    if (!existsSync(file)) return undefined;
    const name = path.relative(this.root, realpathSync.native(file));
    return name === '' || name.startsWith('..') || path.isAbsolute(name) ? undefined : name.split(path.sep).join('/');
  }

  pathOf(name: string): string {
    return path.join(this.root, name);
  }

  /** Throws when it is too large, or not inside of the folder. */
  read(name: string): Uint8Array {
    const file = this.pathOf(name);
    if (this.nameOf(file) !== name) throw new Error(`${name} leads out of node_modules`);
    const { size } = statSync(file);
    if (size > fileMaxBytes) throw new Error(`${name} has ${size} bytes; at most ${fileMaxBytes} are bundled`);
    return readFileSync(file);
  }
}
