import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { codeOf } from '../test/a-function.js';
import { compileWat } from '../test/wat.js';
import { rewriteForGuests } from './rewrite-for-guests.js';
import { RewriteThread, type RewriteThreadOptions } from './rewrite-thread.js';

const limits = { memoryMaxBytes: 1024 * 65_536 };

describe('RewriteThread', () => {
  const threads: RewriteThread[] = [];
  const open = (options: Partial<RewriteThreadOptions> = {}): RewriteThread => {
    const thread = new RewriteThread({ timeoutMs: 60_000, ...options });
    threads.push(thread);
    return thread;
  };
  afterEach(() => Promise.all(threads.splice(0).map((thread) => thread.close())));
  const large = (): Promise<Buffer> => readFile(new URL('../../../examples/geolocation-go/geolocation.wasm', import.meta.url));
  const small = (): Uint8Array => compileWat('(module (memory (export "memory") 1) (func (export "run") (result i32) (i32.const 0)))');

  it('makes of each module what rewriting it here would, in the order they came', async () => {
    const bytes = await Promise.all([large(), small(), small()]);
    const thread = open();
    const ended: number[] = [];
    const rewritten = await Promise.all(
      bytes.map(async (module, index) => {
        const result = await thread.rewrite(module, limits);
        ended.push(index);
        return result;
      }),
    );
    expect(ended).toEqual([0, 1, 2]);
    for (const [index, module] of bytes.entries()) {
      expect(Buffer.from(rewritten[index] ?? []).equals(Buffer.from(rewriteForGuests(module, 1024)))).toBe(true);
    }
  });

  it('says what is wrong with a module, and goes on with the next', async () => {
    const thread = open();
    const broken = thread.rewrite(Uint8Array.of(0, 1, 2), limits);
    const fine = thread.rewrite(small(), limits);
    await expect(broken).rejects.toMatchObject({ code: 'config.compile_failed', detail: expect.stringMatching(/.{10}/) });
    expect((await fine).length).toBeGreaterThan(8);
  });

  it('gives up a module that takes too long', async () => {
    const thread = open({ timeoutMs: 1 });
    await expect(thread.rewrite(await large(), limits)).rejects.toMatchObject({
      code: 'config.compile_failed',
      detail: 'preparing the module took longer than 1 ms',
    });
  });

  it('says of each module that it takes too much memory when the thread has not enough for it', async () => {
    const thread = open({ heapMaxMb: 4 });
    for (const module of [await large(), small()]) {
      await expect(thread.rewrite(module, limits)).rejects.toMatchObject({
        code: 'config.compile_failed',
        detail: 'preparing the module takes too much memory',
      });
    }
  });

  it('is started again after it had nothing to do for a while', async () => {
    const thread = open({ idleMs: 1 });
    for (let round = 0; round < 3; round += 1) {
      expect((await thread.rewrite(small(), limits)).length).toBeGreaterThan(8);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });

  it('rejects what is not done yet when it is closed, and what comes after', async () => {
    const thread = open();
    const pending = Promise.all([codeOf(thread.rewrite(await large(), limits)), codeOf(thread.rewrite(small(), limits))]);
    await thread.close();
    expect(await pending).toEqual(['capacity.shutting_down', 'capacity.shutting_down']);
    expect(await codeOf(thread.rewrite(small(), limits))).toBe('capacity.shutting_down');
  });
});
