const headerBytes = 8;
const exportSection = 7;

/**
 * The same module with one more export, called by the number, of its first function: another hash before it is rewritten and
 * after. A custom section would not do: rewriting leaves it out, and V8 shares the code of modules whose bytes are the same.
 */
export function withUniqueExport(bytes, number) {
  for (let at = headerBytes; at < bytes.length; ) {
    const size = readLeb(bytes, at + 1);
    const end = size.next + size.value;
    if (bytes[at] === exportSection) {
      const count = readLeb(bytes, size.next);
      const name = Buffer.from(`bench-${number}`);
      const added = Buffer.concat([leb(name.length), name, Buffer.from([0, 0])]);
      const content = Buffer.concat([leb(count.value + 1), bytes.subarray(count.next, end), added]);
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([exportSection]), leb(content.length), content, bytes.subarray(end)]);
    }
    at = end;
  }
  throw new Error('the module exports nothing');
}

/** An unsigned number of up to 32 bits, and where the next byte is. */
function readLeb(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7, at += 1) {
    value += (bytes[at] & 0x7f) * 2 ** shift;
    if (bytes[at] < 0x80) return { value, next: at + 1 };
  }
}

function leb(value) {
  const bytes = [];
  for (; value >= 0x80; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80);
  return Buffer.from([...bytes, value]);
}
