import { crc32 } from 'node:zlib';
import { AppError, FilePath, type SourceFile, sourceLimits } from '@torii/contracts';
import yauzl from 'yauzl';
import { fileOf } from './file-bytes.js';

/** Folders have entries of their own, but hold nothing: as many again as files, and some. */
const entriesMax = sourceLimits.filesMax * 4;
const typeMask = 0o170000;
const regularFile = 0o100000;
const folder = 0o040000;

/**
 * The files of a zip archive, whose folders are only their paths. Nothing is written anywhere.
 *
 * Throws `client.invalid` naming the entry for whatever is no plain file at a path that a function may have: traversal,
 * absolute paths, links, devices, encryption, damage, sizes that are too large or not as declared.
 */
export async function readZip(archive: Buffer): Promise<SourceFile[]> {
  const zip = await asRefusal(() => yauzl.fromBufferPromise(archive, { lazyEntries: true, strictFileNames: true, validateEntrySizes: true }));
  if (zip.entryCount > entriesMax) throw refused(`holds ${zip.entryCount} entries: a function may have ${sourceLimits.filesMax} files`);
  const files: SourceFile[] = [];
  let totalBytes = 0;
  await asRefusal(async () => {
    for await (const entry of zip.eachEntry()) {
      if (isFolder(entry)) continue;
      if (files.length >= sourceLimits.filesMax) {
        throw refused(`holds more files than a function may have: "${entry.fileName}" is number ${sourceLimits.filesMax + 1}`);
      }
      totalBytes += entry.uncompressedSize;
      refuseSpecial(entry);
      refuseLarge(entry, totalBytes);
      const path = pathOf(entry);
      files.push(fileOf(path, await read(zip, entry)));
    }
  });
  return files;
}

function isFolder(entry: yauzl.Entry): boolean {
  return entry.fileName.endsWith('/');
}

function refuseSpecial(entry: yauzl.Entry): void {
  // The upper half holds the mode of the file where it was packed on Unix; elsewhere it is 0.
  const type = (entry.externalFileAttributes >>> 16) & typeMask;
  if (type === folder) throw refused(`"${entry.fileName}" is a folder, but not called like one`);
  if (type !== 0 && type !== regularFile) throw refused(`"${entry.fileName}" is a link or another special file: only plain files are taken`);
  if (entry.isEncrypted()) throw refused(`"${entry.fileName}" is encrypted`);
  if (!entry.canDecodeFileData()) throw refused(`"${entry.fileName}" is compressed in a way that is not known here: use deflate`);
}

function refuseLarge(entry: yauzl.Entry, totalBytes: number): void {
  const { fileMaxBytes, totalMaxBytes } = sourceLimits;
  if (entry.uncompressedSize > fileMaxBytes) {
    throw refused(`"${entry.fileName}" has ${entry.uncompressedSize} bytes: a file may have ${fileMaxBytes}`);
  }
  if (totalBytes > totalMaxBytes) {
    throw refused(`the files up to "${entry.fileName}" have ${totalBytes} bytes in all: a function may have ${totalMaxBytes}`);
  }
}

function pathOf(entry: yauzl.Entry): FilePath {
  const parsed = FilePath.safeParse(entry.fileName);
  if (parsed.success) return parsed.data;
  throw refused(`the path "${entry.fileName}" ${parsed.error.issues[0]?.message ?? 'is not valid'}`);
}

/** Ends with an error as soon as there are more bytes than declared, so the declared sizes bound what is unpacked. */
async function read(zip: yauzl.ZipFile, entry: yauzl.Entry): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    const stream = await zip.openReadStreamPromise(entry);
    for await (const chunk of stream) chunks.push(chunk as Buffer);
  } catch (error) {
    throw refused(`"${entry.fileName}" cannot be unpacked: ${messageOf(error)}`);
  }
  const bytes = Buffer.concat(chunks);
  if (crc32(bytes) !== entry.crc32) throw refused(`"${entry.fileName}" is damaged: its checksum does not match`);
  return bytes;
}

/** The reader's own errors are about the archive: the caller's fault, and safe to show. */
async function asRefusal<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw refused(`cannot be read: ${messageOf(error)}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function refused(detail: string): AppError {
  const text = `the zip: ${detail}`;
  return new AppError('client.invalid', { detail: text, issues: [{ pointer: '', detail: text }] });
}
