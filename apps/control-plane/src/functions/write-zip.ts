import type { Readable } from 'node:stream';
import type { SourceTree } from '@torii/contracts';
import yazl from 'yazl';
import { bytesOf } from './file-bytes.js';

/** A plain file that its owner may write and everybody read. */
const fileMode = 0o100644;

/** A zip archive of the files, whose dates are all `at`: equal trees of one date make equal archives. */
export function writeZip(tree: SourceTree, at: Date): Readable {
  const zip = new yazl.ZipFile();
  for (const file of tree.files) zip.addBuffer(bytesOf(file), file.path, { mtime: at, mode: fileMode, forceDosTimestamp: true });
  zip.end();
  return zip.outputStream as Readable;
}
