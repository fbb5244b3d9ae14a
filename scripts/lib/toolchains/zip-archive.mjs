import { crc32, inflateRawSync } from 'node:zlib';

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;
const headerSignature = 0x04034b50;
const endBytes = 22;
const endSearchBytes = endBytes + 65_535;
const stored = 0;
const deflated = 8;

/**
 * Reads the files of a zip archive, one after the other. Knows what module archives are made of: no ZIP64, no encryption.
 * PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16.
 *
 * @param {Buffer} bytes the whole archive
 * @param {{ filesMax: number, totalMaxBytes: number }} limits
 * @returns {Generator<{ name: string, content: Buffer }>}
 * @throws {Error} when it is damaged or past a limit
 */
export function* readZip(bytes, { filesMax, totalMaxBytes }) {
  const end = findEnd(bytes);
  const entries = bytes.readUInt16LE(end + 10);
  if (entries > filesMax) throw new Error(`the archive has more than ${filesMax} files`);
  let at = bytes.readUInt32LE(end + 16);
  let total = 0;
  for (let index = 0; index < entries; index += 1) {
    if (bytes.readUInt32LE(at) !== entrySignature) throw new Error('the archive is damaged');
    const size = bytes.readUInt32LE(at + 24);
    total += size;
    if (total > totalMaxBytes) throw new Error(`the archive unpacks to more than ${totalMaxBytes} bytes`);
    const nameBytes = bytes.readUInt16LE(at + 28);
    const name = bytes.toString('utf8', at + 46, at + 46 + nameBytes);
    if (!name.endsWith('/')) yield { name, content: readEntry(bytes, at, size) };
    at += 46 + nameBytes + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
}

function readEntry(bytes, at, size) {
  const method = bytes.readUInt16LE(at + 10);
  const packedBytes = bytes.readUInt32LE(at + 20);
  const header = bytes.readUInt32LE(at + 42);
  if (bytes.readUInt32LE(header) !== headerSignature) throw new Error('the archive is damaged');
  const begin = header + 30 + bytes.readUInt16LE(header + 26) + bytes.readUInt16LE(header + 28);
  const content = unpack(bytes.subarray(begin, begin + packedBytes), method, size);
  if (content.length !== size || crc32(content) !== bytes.readUInt32LE(at + 16)) throw new Error('the archive is damaged');
  return content;
}

function unpack(packed, method, size) {
  if (method === stored) return packed;
  if (method !== deflated) throw new Error(`the archive is packed by method ${method}, which is not known here`);
  return size === 0 ? Buffer.alloc(0) : inflateRawSync(packed, { maxOutputLength: size });
}

function findEnd(bytes) {
  const first = Math.max(0, bytes.length - endSearchBytes);
  for (let at = bytes.length - endBytes; at >= first; at -= 1) {
    if (bytes.readUInt32LE(at) === endSignature) return at;
  }
  throw new Error('this is no zip archive');
}
