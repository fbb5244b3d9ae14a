import { ByteReader, ByteWriter, readSections, sectionIds, sectionOrder } from '@torii/wasm-binary';

/** Bytes that the index of a called function takes, whatever it is: enough for 16,384 functions. */
const indexBytes = 2;
const [call, returnCall, refFunc] = [0x10, 0x12, 0xd2];

/**
 * Writes the index behind each `call` in two bytes, so that a function's imports can be left out by changing these alone,
 * and the offsets of all of them into a custom section `torii.calls`: count, then distances, as LEB128, within the code section.
 *
 * Knows the instructions that LLVM makes for WebAssembly 1.0 with sign extension, saturating conversions, bulk memory and
 * reference types; throws on any other.
 */
export function padCalls(bytes) {
  const sections = readSections(bytes);
  const code = sections.known.get('code');
  const reader = new ByteReader(bytes, code.start, code.end);
  const padded = new ByteWriter(code.end - code.start + 65_536);
  const offsets = [];
  const count = reader.u32();
  padded.u32(count);
  for (let left = count; left > 0; left -= 1) {
    const size = reader.u32();
    const { body, calls } = padBody(new ByteReader(bytes, reader.offset, reader.offset + size));
    reader.skip(size);
    padded.u32(body.length);
    for (const at of calls) offsets.push(padded.length + at);
    padded.raw(body.view());
  }
  const out = new ByteWriter(bytes.length + 262_144).raw(bytes.subarray(0, 8));
  for (const name of sectionOrder) {
    const section = sections.known.get(name);
    if (section === undefined) continue;
    out.section(sectionIds[name], name === 'code' ? padded : new ByteWriter().raw(bytes.subarray(section.start, section.end)));
  }
  return out.section(0, callsSection(offsets)).view().slice();
}

function callsSection(offsets) {
  const writer = new ByteWriter().name('torii.calls').u32(offsets.length);
  let last = 0;
  for (const offset of offsets) {
    writer.u32(offset - last);
    last = offset;
  }
  return writer;
}

function padBody(reader) {
  const body = new ByteWriter();
  const calls = [];
  const start = reader.offset;
  for (let left = reader.u32(); left > 0; left -= 1) {
    reader.u32();
    reader.u8();
  }
  body.copy(reader.bytes, start, reader.offset);
  while (!reader.isAtEnd) {
    const at = reader.offset;
    const opcode = reader.u8();
    if (opcode === call || opcode === returnCall || opcode === refFunc) {
      const index = reader.u32();
      if (index >= 128 ** indexBytes) throw new Error(`function ${index} does not fit in ${indexBytes} bytes`);
      body.u8(opcode);
      calls.push(body.length);
      body.raw([(index & 0x7f) | 0x80, index >> 7]);
      continue;
    }
    skipImmediates(reader, opcode);
    body.copy(reader.bytes, at, reader.offset);
  }
  return { body, calls };
}

function skipImmediates(reader, opcode) {
  if (opcode === 0x02 || opcode === 0x03 || opcode === 0x04) return reader.skipLeb(33);
  if (opcode === 0x0e) {
    for (let left = reader.u32(); left >= 0; left -= 1) reader.u32();
    return;
  }
  if (opcode === 0x11 || (opcode >= 0x28 && opcode <= 0x3e)) {
    reader.u32();
    reader.u32();
    return;
  }
  if (opcode === 0x0c || opcode === 0x0d || (opcode >= 0x20 && opcode <= 0x26) || opcode === 0x3f || opcode === 0x40) return void reader.u32();
  if (opcode === 0x41 || opcode === 0x42) return reader.skipLeb(opcode === 0x41 ? 32 : 64);
  if (opcode === 0x43 || opcode === 0x44) return reader.skip(opcode === 0x43 ? 4 : 8);
  if (opcode === 0xfc) return skipMisc(reader);
  const hasNone = opcode <= 0x01 || opcode === 0x05 || opcode === 0x0b || opcode === 0x0f || opcode === 0x1a || opcode === 0x1b;
  if (!hasNone && (opcode < 0x45 || opcode > 0xc4)) throw new Error(`opcode 0x${opcode.toString(16)} at ${reader.offset - 1}`);
}

function skipMisc(reader) {
  const second = reader.u32();
  if (second <= 7) return;
  if (second === 10) return reader.skip(2);
  if (second === 11) return reader.skip(1);
  throw new Error(`opcode 0xfc ${second} at ${reader.offset}`);
}
