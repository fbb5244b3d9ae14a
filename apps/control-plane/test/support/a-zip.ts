import { buffer } from 'node:stream/consumers';
import yauzl from 'yauzl';
import yazl from 'yazl';

interface ZipEntry {
  /** A folder where it ends with `/`. */
  readonly path: string;
  readonly content: string | Buffer;
  /** Of the file where it was packed; a plain one unless told otherwise. */
  readonly mode?: number;
}

/** An archive with these entries in their order. Paths that a packer would refuse come as `rename` from one it takes. */
export async function aZip(entries: readonly ZipEntry[], rename: Readonly<Record<string, string>> = {}): Promise<Buffer> {
  const zip = new yazl.ZipFile();
  for (const { path, content, mode } of entries) {
    if (path.endsWith('/')) {
      zip.addEmptyDirectory(path, { mtime: new Date(0), forceDosTimestamp: true });
      continue;
    }
    const bytes = Buffer.from(content);
    zip.addBuffer(bytes, path, { mtime: new Date(0), forceDosTimestamp: true, ...(mode === undefined ? {} : { mode }) });
  }
  zip.end();
  let archive: Buffer = await buffer(zip.outputStream);
  for (const [from, to] of Object.entries(rename)) archive = replaceAll(archive, Buffer.from(from), Buffer.from(to));
  return archive;
}

/** What is in an archive, by path. */
export async function unzip(archive: Buffer): Promise<Record<string, Buffer>> {
  const zip = await yauzl.fromBufferPromise(archive, { lazyEntries: true });
  const files: Record<string, Buffer> = {};
  for await (const entry of zip.eachEntry()) files[entry.fileName] = await buffer(await zip.openReadStreamPromise(entry));
  return files;
}

/** Of the same length, so that no offset moves. */
function replaceAll(bytes: Buffer, from: Buffer, to: Buffer): Buffer {
  if (from.length !== to.length) throw new Error('a name can only be replaced by one of the same length');
  const copy = Buffer.from(bytes);
  for (let at = copy.indexOf(from); at >= 0; at = copy.indexOf(from, at + 1)) to.copy(copy, at);
  return copy;
}
