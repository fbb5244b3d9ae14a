import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import wabtInit from 'wabt';
import { kernelBase64, restoreBase64, stackProbeBase64, yieldGateBase64 } from './kernel.generated.js';
import { Kernel } from './kernel.js';

it.each([
  ['kernel/kernel.wat', kernelBase64],
  ['kernel/yield-gate.wat', yieldGateBase64],
  ['kernel/stack-probe.wat', stackProbeBase64],
  ['restore/restore.wat', restoreBase64],
])('is generated from %s as it stands; else run scripts/generate-kernel.mjs', async (name, generated) => {
  const wabt = await wabtInit();
  const text = readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
  // wabt's types do not know of a second memory yet.
  const features = { bulk_memory: true, mutable_globals: true, simd: true, multi_memory: true };
  const parsed = wabt.parseWat(name, text, features);
  expect(Buffer.from(parsed.toBinary({}).buffer).toString('base64')).toBe(generated);
});

describe('Kernel', () => {
  const asText = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
  const exportOf = (kernel: Kernel, name: string): ((...args: bigint[]) => bigint) => kernel.guestFunction(name) as (...args: bigint[]) => bigint;

  const kernelFunctions = (kernel: Kernel) => ({
    store_u8: kernel.guestFunction('store_u8') as (at: bigint, value: number) => void,
    store_u64: kernel.guestFunction('store_u64') as (at: bigint, value: bigint) => void,
    load_u64: kernel.guestFunction('load_u64') as (at: bigint) => bigint,
  });

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

  it('keeps nothing that a call has stored outside of its blocks', () => {
    const kernel = new Kernel(10_000_000);
    kernel.begin('input');
    const { store_u64: store, store_u8: storeByte, load_u64: load } = kernelFunctions(kernel);
    const outside = [0n, 56n, 1_000n, 60_000n, 65_528n];
    for (const at of outside) {
      store(at, 2n ** 63n);
      storeByte(at, 255);
    }
    kernel.begin('input');
    expect(outside.map((at) => load(at))).toEqual(outside.map(() => 0n));
    for (const at of [65_529n, 2n ** 32n + 64n, 2n ** 64n - 8n, 2n ** 64n - 1n]) store(at, 1n);
    expect(asText(kernel.block(72))).toBe('input');
  });
});
