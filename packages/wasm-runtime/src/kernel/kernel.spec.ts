import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import wabtInit from 'wabt';
import { kernelBase64, yieldGateBase64 } from './kernel.generated.js';
import { Kernel } from './kernel.js';

it.each([
  ['kernel.wat', kernelBase64],
  ['yield-gate.wat', yieldGateBase64],
])('is generated from %s as it stands; else run scripts/generate-kernel.mjs', async (name, generated) => {
  const wabt = await wabtInit();
  const text = readFileSync(new URL(name, import.meta.url), 'utf8');
  const parsed = wabt.parseWat(name, text, { bulk_memory: true, mutable_globals: true });
  expect(Buffer.from(parsed.toBinary({}).buffer).toString('base64')).toBe(generated);
});

describe('Kernel', () => {
  const asText = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
  const exportOf = (kernel: Kernel, name: string): ((...args: bigint[]) => bigint) => kernel.guestFunction(name) as (...args: bigint[]) => bigint;

  it('stores and reads blocks, across growing', () => {
    const kernel = new Kernel(10_000_000);
    kernel.begin('input');
    const pointers = ['one', 'x'.repeat(300_000), 'three'].map((text) => kernel.store(text));
    expect(pointers.map((pointer) => asText(kernel.block(pointer)).length)).toEqual([3, 300_000, 5]);
    expect(exportOf(kernel, 'input_length')()).toBe(5n);
  });

  it('reads nothing for pointers and lengths that lie outside', () => {
    const kernel = new Kernel(100_000);
    kernel.begin('input');
    const pointer = kernel.store('text');
    for (const [at, length] of [
      [0, 4],
      [pointer, 1_000],
      [2 ** 40, 1],
      [pointer, -1],
      [Number.NaN, 1],
    ] as const) {
      expect(kernel.read(at, length)).toHaveLength(0);
    }
    for (const at of [0, 1, pointer + 8, 2 ** 33, 2 ** 63]) expect(kernel.block(at).length).toBeLessThanOrEqual(4);
  });

  it('survives a length that a guest has overwritten', () => {
    const kernel = new Kernel(100_000);
    kernel.begin('');
    const pointer = kernel.store('text');
    exportOf(kernel, 'store_u64')(BigInt(pointer - 8), 2n ** 63n);
    expect(kernel.block(pointer)).toHaveLength(0);
  });

  it('wipes everything between calls', () => {
    const kernel = new Kernel(10_000_000);
    kernel.begin('secret of the first');
    const pointer = kernel.store('another secret');
    exportOf(kernel, 'free')(BigInt(pointer));
    kernel.begin('');
    const load = exportOf(kernel, 'load_u64');
    for (let at = 64n; at < 256n; at += 8n) expect(load(at)).toBe(0n);
    expect(kernel.output(10)).toHaveLength(0);
    expect(kernel.error()).toBeUndefined();
  });

  it('refuses an input beyond its limit', () => {
    const kernel = new Kernel(65_536);
    expect(kernel.begin(new Uint8Array(70_000))).toBe(false);
    expect(kernel.begin('fits')).toBe(true);
  });
});
