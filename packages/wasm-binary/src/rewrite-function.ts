import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import type { FuelCode } from './fuel-code.js';
import { loopPeriod } from './fuel-code.js';
import { chargeFor } from './fuel-cost.js';
import { type ScannedFunction, scanFunction } from './scan-function.js';

/**
 * A function without calls and loops that costs no more than this is not charged: what its callers pay for the call
 * covers it, so it must not be above the cost of a call.
 */
const freeLeafCost = 10;

const i32 = 0x7f;

/**
 * The body (locals and code, without its length) of one function with its checks put in.
 *
 * Nothing that is there is renumbered: up to two locals are appended. `reader` spans exactly the body.
 */
export function rewriteFunction(reader: ByteReader, paramCount: number, fuel: FuelCode): Uint8Array {
  const { bytes, offset: bodyStart, end } = reader;
  const groupCount = reader.count('groups of locals', 50_000);
  const groupsStart = reader.offset;
  let localCount = paramCount;
  for (let left = groupCount; left > 0; left -= 1) {
    localCount += reader.u32();
    reader.skip(1);
  }
  const codeStart = reader.offset;
  const scanned = scanFunction(new ByteReader(bytes, codeStart, end));
  const entryCharge = entryChargeOf(scanned);
  if (entryCharge === 0 && scanned.checkPoints.length === 0) return bytes.subarray(bodyStart, end);

  const loopLocal = localCount;
  const sizeLocal = localCount + 1;
  const addsLocals = scanned.checkPoints.length > 0;
  const body = new ByteWriter(Math.ceil((end - bodyStart) * 1.25) + 64);
  body.u32(addsLocals ? groupCount + 1 : groupCount).raw(bytes.subarray(groupsStart, codeStart));
  if (addsLocals) body.u32(2).u8(i32);
  if (entryCharge > 0) body.raw(fuel.pay(entryCharge));
  let copied = codeStart;
  for (const point of scanned.checkPoints) {
    body.raw(bytes.subarray(copied, point.at));
    copied = point.at;
    if (point.kind === 'loop') body.raw(fuel.payInLoop(chargeFor(point.cost), loopLocal));
    else if (point.kind === 'bulk') body.raw(fuel.payForSize(sizeLocal));
    else body.raw(fuel.noteGrowth(sizeLocal));
  }
  body.raw(bytes.subarray(copied, end));
  return body.view();
}

/** A loop may end before its local counter has paid anything, so half a period is paid in advance. */
function entryChargeOf(scanned: ScannedFunction): number {
  const { hasCall, hasLoop, cost } = scanned;
  if (!hasCall && !hasLoop && cost <= freeLeafCost) return 0;
  return chargeFor(Math.max(1, cost)) + (hasLoop ? loopPeriod / 2 : 0);
}
