import { type Bytes, body, joined, leb, moduleOf, repeated, section, sectionIds, sized } from './module-bytes.js';

/** Types 0: `() -> i32`, 1: `() -> ()`, 2: `(i32, i64, i64) -> i32`. */
const types = section(sectionIds.type, [3, 0x60, 0, 1, 0x7f, 0x60, 0, 0, 0x60, 3, 0x7f, 0x7e, 0x7e, 1, 0x7f]);
const answerZero = body([0x41, 0]);

/** Modules of which there is too much, by what there is too much of. All are valid; each exports `run`, which answers 0. */
export const giantModules = {
  tenThousandImports: () =>
    moduleOf(
      types,
      section(sectionIds.import, leb(10_000), repeated(joined([sized('env'), sized('proxy_log'), [0, 2]]), 10_000)),
      section(sectionIds.function, [1, 0]),
      exportOf(10_000),
      section(sectionIds.code, [1], answerZero),
    ),

  /** A data segment of 50 MB, which is in the memory from the beginning. */
  fiftyMegabytesOfData: () => {
    const contents = new Uint8Array(50_000_000).fill(0x61);
    return moduleOf(
      ...[types, section(sectionIds.function, [1, 0]), section(sectionIds.memory, [1, 0], leb(800)), exportOf(0)],
      section(sectionIds.code, [1], answerZero),
      section(sectionIds.data, [1, 0, 0x41, 0, 0x0b], sized(contents)),
    );
  },

  /** 50 MB of additions and multiplications, 20 KB to a function. */
  fiftyMegabytesOfCode: () => manyFunctions(2_500, arithmetic(4_000)),

  /** As much code as can be had in 4 MB that is hard on a compiler: nothing but branches and calls. */
  compileBomb: () => manyFunctions(400, branches(1_000)),

  hundredThousandFunctions: () => manyFunctions(100_000, body([0x01])),

  fiftyThousandLocals: () =>
    moduleOf(
      types,
      section(sectionIds.function, [1, 0]),
      exportOf(0),
      section(sectionIds.code, [1], sized([1, ...leb(50_000), 0x7f, 0x41, 0, 0x0b])),
    ),

  millionBranches: () => {
    const table = joined([[0x02, 0x40, 0x41, 0, 0x0e], leb(1_000_000), new Uint8Array(1_000_000), [0, 0x0b, 0x41, 0]]);
    return moduleOf(types, section(sectionIds.function, [1, 0]), exportOf(0), section(sectionIds.code, [1], body(table)));
  },

  nestedBlocks: () => {
    const blocks = joined([repeated([0x02, 0x40], 100_000), repeated([0x0b], 100_000), [0x41, 0]]);
    return moduleOf(types, section(sectionIds.function, [1, 0]), exportOf(0), section(sectionIds.code, [1], body(blocks)));
  },

  /** Four thousand million entries from the beginning. */
  hugeTable: () =>
    moduleOf(
      ...[types, section(sectionIds.function, [1, 0]), section(sectionIds.table, [1, 0x70, 0], leb(0xffff_ffff)), exportOf(0)],
      section(sectionIds.code, [1], answerZero),
    ),

  /** 4 GiB from the beginning. */
  hugeMemory: () =>
    moduleOf(
      ...[types, section(sectionIds.function, [1, 0]), section(sectionIds.memory, [1, 0], leb(65_536)), exportOf(0)],
      section(sectionIds.code, [1], answerZero),
    ),
} as const satisfies Record<string, () => Uint8Array>;

export type GiantName = keyof typeof giantModules;

function exportOf(functionIndex: number): Uint8Array {
  return section(sectionIds.export, [1], sized('run'), [0], leb(functionIndex));
}

/** `run` and then so many functions `() -> ()` of the same body. */
function manyFunctions(count: number, functionBody: Bytes): Uint8Array {
  return moduleOf(
    ...[types, section(sectionIds.function, leb(count + 1), [0], repeated([1], count)), exportOf(0)],
    section(sectionIds.code, leb(count + 1), answerZero, repeated(functionBody, count)),
  );
}

/** `i32.const 1`, and so often `i32.const 3` `i32.mul`, and the result dropped: 3 bytes each but for a few. */
function arithmetic(times: number): Uint8Array {
  return body([0x41, 1], repeated([0x41, 3, 0x6c, 0x41, 5], times), repeated([0x6a], times), [0x1a]);
}

/** So often `block` `i32.const 1` `br_if 0` `call 1` `end`. */
function branches(times: number): Uint8Array {
  return body(repeated([0x02, 0x40, 0x41, 1, 0x0d, 0, 0x10, 1, 0x0b], times));
}
