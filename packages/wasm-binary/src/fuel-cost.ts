/**
 * What instructions cost, in fuel. One unit is about what one simple instruction takes, a nanosecond or less; memory
 * access, division, calls and exceptions take more.
 */
export function costOf(opcode: number): number {
  return costs[opcode] ?? 1;
}

/**
 * Fuel for a stretch of code of that total cost.
 *
 * Most of a long stretch is branches of which few are taken (Go compiles each function into one loop around all of it),
 * so what is beyond `fullyCharged` counts one 16th. A guest without branches thus runs at most 16 times longer between
 * two checks: milliseconds, or some tenths of a second when it does nothing but miss the processor's caches.
 */
export function chargeFor(cost: number): number {
  return cost <= fullyCharged ? cost : fullyCharged + ((cost - fullyCharged) >> 4);
}

const fullyCharged = 64;

const costs = buildCosts();

function buildCosts(): Uint16Array {
  const table = new Uint16Array(256).fill(1);
  const set = (cost: number, ...codes: number[]): void => {
    for (const code of codes) table[code] = cost;
  };
  set(0, 0x01, 0x02, 0x03, 0x05, 0x06, 0x0b, 0x1a, 0x1f); // nop, block, loop, else, try, end, drop, try_table: no code of their own
  table.fill(2, 0x28, 0x3f); // loads and stores
  set(8, 0x6d, 0x6e, 0x6f, 0x70, 0x7f, 0x80, 0x81, 0x82, 0x91, 0x95, 0x9f, 0xa3); // div, rem, sqrt
  set(10, 0x10, 0x12); // call
  set(12, 0x11, 0x13); // call_indirect
  set(1_000, 0x08, 0x09, 0x0a); // throw, rethrow, throw_ref
  set(200, 0x40); // memory.grow
  set(10, 0xfc); // bulk operations are also charged by size; conversions are cheaper, but share the prefix
  return table;
}
