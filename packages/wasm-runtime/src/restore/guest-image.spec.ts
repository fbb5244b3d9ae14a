import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileWat } from '../../test/wat.js';
import { GuestImage, type GuestState, imageMaxBytes } from './guest-image.js';

const guest = new WebAssembly.Module(
  compileWat(`(module
    (memory (export "memory") 3 2000)
    (global (export "a") (mut i32) (i32.const 7))
    (global (export "b") (mut i64) (i64.const 8))
    (global (export "c") (mut f64) (f64.const 0.5))
    (data (i32.const 5000) "something that is there from the beginning")
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`),
);

interface TestGuest extends GuestState {
  readonly memory: WebAssembly.Memory;
  readonly globals: readonly WebAssembly.Global[];
  grow(pages: number): number;
}

function makeGuest(): TestGuest {
  const { memory, a, b, c, grow } = new WebAssembly.Instance(guest).exports as unknown as Record<string, never>;
  return { memory, globals: [a, b, c], grow } as unknown as TestGuest;
}

const bytesOf = (state: TestGuest): Uint8Array => new Uint8Array(state.memory.buffer);

describe('GuestImage', () => {
  it('puts back every byte and every global, whatever a call has written', () => {
    const first = makeGuest();
    bytesOf(first).set([1, 2, 3], 100_000);
    const image = GuestImage.take(first);
    const before = bytesOf(first).slice();
    const restore = image?.restorerOf(first);
    const writes = fc.array(fc.tuple(fc.nat(before.length - 1), fc.uint8Array({ minLength: 1, maxLength: 10_000 })), { maxLength: 20 });
    fc.assert(
      fc.property(writes, fc.integer(), fc.bigInt({ min: 0n, max: 2n ** 62n }), (changes, i32, i64) => {
        for (const [at, bytes] of changes) bytesOf(first).set(bytes.subarray(0, before.length - at), at);
        for (const [index, value] of [i32, i64, 1e9].entries()) (first.globals[index] as WebAssembly.Global).value = value;
        expect(restore?.()).toBe(true);
        expect(Buffer.compare(bytesOf(first), before)).toBe(0);
        expect(first.globals.map((global) => global.value)).toEqual([7, 8n, 0.5]);
      }),
      { numRuns: 60 },
    );
  });

  it('makes another guest of the same module equal to the one it was taken of', () => {
    const first = makeGuest();
    bytesOf(first).set([9, 9, 9], 70_000);
    const image = GuestImage.take(first);
    const second = makeGuest();
    bytesOf(second).fill(5, 4_000, 60_000);
    expect(image?.restorerOf(second)()).toBe(true);
    expect(Buffer.compare(bytesOf(second), bytesOf(first))).toBe(0);
  });

  it('clears what a guest has grown', () => {
    const first = makeGuest();
    const restore = GuestImage.take(first)?.restorerOf(first);
    const before = bytesOf(first).slice();
    first.grow(2);
    bytesOf(first).fill(7, 3 * 65_536);
    expect(restore?.()).toBe(true);
    expect(Buffer.compare(bytesOf(first), Buffer.concat([before, new Uint8Array(2 * 65_536)]))).toBe(0);
  });

  it('refuses a guest that has grown beyond what is quick to scan', () => {
    const first = makeGuest();
    const restore = GuestImage.take(first)?.restorerOf(first);
    first.grow(imageMaxBytes / 65_536);
    bytesOf(first)[0] = 1;
    expect(restore?.()).toBe(false);
    expect(bytesOf(first)[0]).toBe(1);
  });

  it('is not taken of a memory that would take longer to scan than to make anew', () => {
    const first = makeGuest();
    first.grow(imageMaxBytes / 65_536);
    expect(GuestImage.take(first)).toBeUndefined();
  });

  it('serves a guest without a memory', () => {
    const { globals } = makeGuest();
    const image = GuestImage.take({ memory: undefined, globals });
    (globals[0] as WebAssembly.Global).value = 1;
    expect(image?.restorerOf({ memory: undefined, globals })()).toBe(true);
    expect(globals[0]?.value).toBe(7);
  });
});
