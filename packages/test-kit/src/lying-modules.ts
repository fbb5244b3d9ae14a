import { type Bytes, body, header, joined, leb, moduleOf, repeated, section, sectionIds, sized } from './module-bytes.js';

export interface LyingModule {
  /** What is untrue of the bytes. */
  readonly lie: string;
  readonly bytes: Uint8Array;
}

const { type, function: functions, table, memory, global, export: exports, start, element, code, data } = sectionIds;

/** Type 0: `() -> i32`. */
const types = section(type, [1, 0x60, 0, 1, 0x7f]);
const oneFunction = section(functions, [1, 0]);
const run = section(exports, [1], sized('run'), [0, 0]);
const answerZero = body([0x41, 0]);
const oneBody = section(code, [1], answerZero);

/** A module that is right but for its function's code. */
function withCode(...instructions: readonly Bytes[]): Uint8Array {
  return moduleOf(types, oneFunction, run, section(code, [1], body(...instructions)));
}

/** Small modules, each with one thing wrong in its sections. */
export const lyingModules: readonly LyingModule[] = [
  { lie: 'it is empty', bytes: new Uint8Array() },
  { lie: 'it is no module', bytes: new TextEncoder().encode('<!doctype html>') },
  { lie: 'it ends within its header', bytes: Uint8Array.from(header.slice(0, 6)) },
  { lie: 'it is of another version', bytes: Uint8Array.from([...header.slice(0, 4), 2, 0, 0, 0]) },
  { lie: 'it is a component', bytes: Uint8Array.from([...header.slice(0, 4), 0x0d, 0, 1, 0]) },
  { lie: 'a section is longer than the module', bytes: moduleOf([type, ...leb(1_000_000), 1]) },
  { lie: 'a section is 4 GiB long', bytes: moduleOf([type, ...leb(0xffff_ffff)]) },
  { lie: 'a length ends in the middle', bytes: moduleOf([type, 0x80]) },
  { lie: 'a length takes six bytes', bytes: moduleOf([type, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]) },
  { lie: 'a length has more than 32 bits', bytes: moduleOf([type, 0xff, 0xff, 0xff, 0xff, 0x7f]) },
  { lie: 'a section is unknown', bytes: moduleOf(types, [42, 1, 0]) },
  { lie: 'a section comes twice', bytes: moduleOf(types, types) },
  { lie: 'sections are out of order', bytes: moduleOf(oneFunction, types) },
  { lie: 'a section has bytes left over', bytes: moduleOf(section(type, [0, 0, 0, 0])) },
  { lie: 'there are fewer types than it says', bytes: moduleOf(section(type, leb(40_000), [0x60, 0, 0])) },
  { lie: 'there are 4,294,967,295 types', bytes: moduleOf(section(type, leb(0xffff_ffff), [0x60, 0, 0])) },
  { lie: 'a type has 4,294,967,295 parameters', bytes: moduleOf(section(type, [1, 0x60], leb(0xffff_ffff), [0x7f])) },
  { lie: 'a type is of no known form', bytes: moduleOf(section(type, [1, 0x13, 0, 0])) },
  { lie: 'a value is of no known type', bytes: moduleOf(section(type, [1, 0x60, 1, 0x01, 0])) },
  { lie: 'a function is of a type that is not there', bytes: moduleOf(types, section(functions, [1, 7]), run, oneBody) },
  { lie: 'there are more functions than bodies', bytes: moduleOf(types, section(functions, [3, 0, 0, 0]), run, oneBody) },
  { lie: 'there are more bodies than functions', bytes: moduleOf(types, oneFunction, run, section(code, [2], answerZero, answerZero)) },
  { lie: 'there are functions but no code', bytes: moduleOf(types, oneFunction, run) },
  { lie: 'a body is longer than its section', bytes: moduleOf(types, oneFunction, run, section(code, [1], leb(5_000), [0, 0x41, 0, 0x0b])) },
  { lie: 'a body does not end', bytes: moduleOf(types, oneFunction, run, section(code, [1], sized([0, 0x41, 0]))) },
  { lie: 'a body ends before its end', bytes: withCode([0x41, 0, 0x0b, 0x41, 0]) },
  {
    lie: 'a function has 4,294,967,295 locals',
    bytes: moduleOf(types, oneFunction, run, section(code, [1], sized([1, ...leb(0xffff_ffff), 0x7f, 0x41, 0, 0x0b]))),
  },
  {
    lie: 'its locals are more than 32 bits together',
    bytes: moduleOf(types, oneFunction, run, section(code, [1], sized(joined([leb(3), repeated([...leb(0x7fff_ffff), 0x7f], 3), [0x41, 0, 0x0b]])))),
  },
  { lie: 'an instruction is unknown', bytes: withCode([0xff]) },
  { lie: 'an instruction behind a prefix is unknown', bytes: withCode([0xfc, 0xff, 0x7f, 0x41, 0]) },
  { lie: 'it branches to a block that is not there', bytes: withCode([0x0c, 9]) },
  { lie: 'it calls a function that is not there', bytes: withCode([0x10, 99]) },
  { lie: 'it reads a local that is not there', bytes: withCode([0x20, 9]) },
  { lie: 'it reads a global that is not there', bytes: withCode([0x23, 0]) },
  { lie: 'it writes to a global that would be its fuel', bytes: withCode([0x41, 0, 0x24, 0, 0x41, 0]) },
  { lie: 'it calls through a table that would be its hook', bytes: withCode([0x41, 0, 0x11, 0, 0]) },
  { lie: 'it reads a memory that is not there', bytes: withCode([0x41, 0, 0x28, 2, 0]) },
  {
    lie: 'an access is aligned to 2^40',
    bytes: moduleOf(types, oneFunction, section(memory, [1, 0, 1]), run, section(code, [1], body([0x41, 0, 0x28, 40, 0]))),
  },
  { lie: 'a block is of a type that is not there', bytes: withCode([0x02, 99, 0x0b, 0x41, 0]) },
  { lie: 'it answers a value of another type', bytes: withCode([0x42, 0]) },
  { lie: 'it answers nothing', bytes: withCode([0x01]) },
  { lie: 'it exports a function that is not there', bytes: moduleOf(types, oneFunction, section(exports, [1], sized('run'), [0, 9]), oneBody) },
  {
    lie: 'it exports two things by one name',
    bytes: moduleOf(types, oneFunction, section(exports, [2], sized('run'), [0, 0], sized('run'), [0, 0]), oneBody),
  },
  { lie: 'a name is not UTF-8', bytes: moduleOf(types, oneFunction, section(exports, [1], sized([0xff, 0xfe]), [0, 0]), oneBody) },
  { lie: 'a name is longer than its section', bytes: moduleOf(types, oneFunction, section(exports, [1], leb(4_000), [0x61]), oneBody) },
  { lie: 'it exports what the host would', bytes: moduleOf(types, oneFunction, section(exports, [1], sized('torii:fuel'), [0, 0]), oneBody) },
  { lie: 'it begins with a function that is not there', bytes: moduleOf(types, oneFunction, run, section(start, [9]), oneBody) },
  { lie: 'it begins with a function that answers', bytes: moduleOf(types, oneFunction, run, section(start, [0]), oneBody) },
  { lie: 'a memory has more pages than its maximum', bytes: moduleOf(types, oneFunction, section(memory, [1, 1, 9, 3]), run, oneBody) },
  { lie: 'a memory has 4,294,967,295 pages', bytes: moduleOf(types, oneFunction, section(memory, [1, 0], leb(0xffff_ffff)), run, oneBody) },
  { lie: 'there are two memories', bytes: moduleOf(types, oneFunction, section(memory, [2, 0, 1, 0, 1]), run, oneBody) },
  { lie: 'its memory is shared', bytes: moduleOf(types, oneFunction, section(memory, [1, 3, 1, 1]), run, oneBody) },
  { lie: 'its memory has 64-bit addresses', bytes: moduleOf(types, oneFunction, section(memory, [1, 4, 1]), run, oneBody) },
  { lie: 'a table has 4,294,967,295 entries', bytes: moduleOf(types, oneFunction, section(table, [1, 0x70, 0], leb(0xffff_ffff)), run, oneBody) },
  { lie: 'a global has a value that does not end', bytes: moduleOf(types, oneFunction, section(global, [1, 0x7f, 0, 0x41, 0]), run, oneBody) },
  { lie: 'a global is made of itself', bytes: moduleOf(types, oneFunction, section(global, [1, 0x7f, 0, 0x23, 0, 0x0b]), run, oneBody) },
  {
    lie: 'a table gets a function that is not there',
    bytes: moduleOf(types, oneFunction, section(table, [1, 0x70, 0, 1]), run, section(element, [1, 0, 0x41, 0, 0x0b, 1, 9]), oneBody),
  },
  {
    lie: 'a segment goes to a table that is not there',
    bytes: moduleOf(types, oneFunction, run, section(element, [1, 0, 0x41, 0, 0x0b, 1, 0]), oneBody),
  },
  {
    lie: 'a segment goes to a memory that is not there',
    bytes: moduleOf(types, oneFunction, run, oneBody, section(data, [1, 0, 0x41, 0, 0x0b, 1, 0])),
  },
  {
    lie: 'a segment is longer than its section',
    bytes: moduleOf(types, oneFunction, section(memory, [1, 0, 1]), run, oneBody, section(data, [1, 0, 0x41, 0, 0x0b], leb(9_000), [0])),
  },
  { lie: 'there is a count of segments, and another number of them', bytes: moduleOf(types, oneFunction, run, [12, 1, 7], oneBody) },
];
