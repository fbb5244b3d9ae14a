/**
 * What instructions cost, in units of fuel. A unit is about what one simple instruction takes, a fraction of a nanosecond,
 * and nothing takes more than some 30 ns per unit: a load that misses every cache, a multiplication of denormals.
 */
export const callCost = 5;
export const indirectCallCost = 10;
/** Of a host function: crossing over to JavaScript takes longer than a call. */
export const importCallCost = 20;
/** Of a `throw`, to which V8 answers by walking the stack. */
export const throwCost = 1_000;
/** Of a bulk operation, besides its size. */
export const bulkCost = 10;
export const memoryGrowCost = 200;

/** Of the values that a block or a call takes and gives: they may all have to be moved. */
export function arityCost(values: number): number {
  return values >> 3;
}

/** Of calling a function with so many locals, which are cleared. */
export function localsCost(locals: number): number {
  return locals >> 4;
}

/** Costs by opcode; what has an event of its own (calls, throws, bulk operations) is charged there. */
export const opcodeCosts = buildCosts();

/** Costs by second opcode behind the SIMD prefix. */
export const vectorCosts = buildVectorCosts();

/** Of instructions behind the prefixes of saturating conversions and of atomics. */
export const miscCost = 4;
export const atomicCost = 20;

function buildCosts(): Uint8Array {
  const table = new Uint8Array(256).fill(1);
  const set = (cost: number, ...codes: number[]): void => {
    for (const code of codes) table[code] = cost;
  };
  set(0, 0x01, 0x02, 0x03, 0x05, 0x06, 0x0b, 0x1a, 0x1f); // nop, block, loop, else, try, end, drop, try_table: no code of their own
  set(3, 0x0e); // br_table
  set(10, 0x25, 0x26); // table.get, table.set
  set(20, 0xd2); // ref.func
  table.fill(3, 0x28, 0x3f); // loads and stores
  set(2, 0x7e, 0x92, 0x93, 0x94, 0xa0, 0xa1, 0xa2); // i64.mul, and add, sub, mul of floats
  set(8, 0x6d, 0x6e, 0x6f, 0x70, 0x7f, 0x80, 0x81, 0x82, 0x91, 0x95, 0x9f, 0xa3); // div, rem, sqrt
  return table;
}

function buildVectorCosts(): Uint8Array {
  const table = new Uint8Array(0x114).fill(2);
  table.fill(3, 0, 12); // loads and stores
  table.fill(3, 84, 94); // of lanes
  table.fill(4, 0x100, 0x114); // relaxed: some become several instructions
  for (const code of [0xe3, 0xe7, 0xef, 0xf3]) table[code] = 16; // sqrt, div
  return table;
}
