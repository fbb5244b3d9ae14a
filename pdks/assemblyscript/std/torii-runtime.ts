import { alloc, error_set, log_debug, store_u8 } from "@torii/pdk/lib/env";
import { Memory } from "@torii/pdk/memory";
import { randomBits } from "./torii-wasi";

/**
 * What the language asks of whoever runs it. To end a call allocates nothing on the heap of the function, because running
 * out of it is one of the reasons to. Its texts are handled by their addresses: the compiler may call it where no managed
 * value can be kept on its stack any more.
 */

// @ts-ignore: decorator
@lazy const messageMax = 1000;
// @ts-ignore: decorator
@lazy const fileMax = 200;
// @ts-ignore: decorator
@lazy const scratch = memory.data(4096);
// @ts-ignore: decorator
@lazy let length: i32 = 0;

/** The end of a call that throws: the host gets `message (file:line:column)` as the error, then the call traps. */
export function abort(message: string | null = null, file: string | null = null, line: u32 = 0, column: u32 = 0): void {
  length = 0;
  appendText(changetype<usize>(message), changetype<usize>("abort"), messageMax);
  appendByte(0x20);
  appendByte(0x28);
  appendText(changetype<usize>(file), changetype<usize>("unknown"), fileMax);
  appendByte(0x3a);
  appendNumber(line);
  appendByte(0x3a);
  appendNumber(column);
  appendByte(0x29);
  const block = alloc(length);
  for (let at = 0; at < length; at++) store_u8(block + at, load<u8>(scratch + at));
  error_set(block);
  unreachable();
}

/** What `Math.random` begins with: other numbers in each instance. */
export function seed(): f64 {
  return reinterpret<f64>(randomBits());
}

export function trace(
  message: string,
  count: i32 = 0,
  a0: f64 = 0,
  a1: f64 = 0,
  a2: f64 = 0,
  a3: f64 = 0,
  a4: f64 = 0,
): void {
  let line = message;
  if (count > 0) line += " " + a0.toString();
  if (count > 1) line += ", " + a1.toString();
  if (count > 2) line += ", " + a2.toString();
  if (count > 3) line += ", " + a3.toString();
  if (count > 4) line += ", " + a4.toString();
  log_debug(Memory.allocateString(line).offset);
}

/** The string at an address, or another when that is 0: as UTF-8, of at most `max` UTF-16 units of at most three bytes each. */
function appendText(address: usize, otherwise: usize, max: i32): void {
  const text = address == 0 ? otherwise : address;
  // The four bytes before a string are its size.
  const units = min(<i32>(load<u32>(text - 4) >> 1), max);
  length += <i32>String.UTF8.encodeUnsafe(text, units, scratch + length, false, String.UTF8.ErrorMode.REPLACE);
}

function appendNumber(value: u32): void {
  if (value > 9) appendNumber(value / 10);
  appendByte(0x30 + (value % 10));
}

function appendByte(byte: u32): void {
  store<u8>(scratch + length, <u8>byte);
  length++;
}
