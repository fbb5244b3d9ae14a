import { afterEach, describe, expect, it } from '@jest/globals';
import { Deadline, systemClock } from '@torii/service-kit';
import { type FunctionOptions, type LoadedFunction, loadGuest } from '../test/a-function.js';
import { compileWat, guestBytes } from '../test/wat.js';
import { compilePrepared, type InstancePool, loadFunction } from './index.js';
import { rewriteForGuests } from './rewrite-for-guests.js';

const memoryMaxPages = 100;

describe('a module that is compiled as it is called', () => {
  let loaded: LoadedFunction;
  let pool: InstancePool;
  afterEach(async () => {
    await pool.close();
    await loaded.close();
  });

  async function load(bytes: Uint8Array, options: FunctionOptions = {}): Promise<void> {
    loaded = await loadGuest(bytes, options);
    const { spec, deps } = loaded.parts;
    pool = loadFunction(spec, await compilePrepared(rewriteForGuests(bytes, memoryMaxPages), { isLazy: true }), deps);
  }

  async function call(input = ''): Promise<string> {
    const { log } = loaded.parts.deps;
    const deadline = Deadline.after(60_000, systemClock);
    const read = (output: Uint8Array): string => new TextDecoder().decode(output);
    return (await pool.call(input, { requestId: 'rq_test', deadline, log, read })).output;
  }

  it('answers as one that was compiled before', async () => {
    await load(guestBytes('echo'));
    expect(loaded.parts.prepared.isLazy).toBe(false);
    expect([await call('first'), await call('second')]).toEqual(['first', 'second']);
  });

  it('is not what V8 answers for the same module when that is compiled ahead while it lives', async () => {
    await load(guestBytes('echo'));
    const rewritten = rewriteForGuests(guestBytes('echo'), memoryMaxPages);
    const [lazy, ahead] = [await compilePrepared(rewritten, { isLazy: true }), await compilePrepared(rewritten)];
    // By its bytes V8 finds code that it has.
    expect(WebAssembly.Module.customSections(lazy.module, 'torii.lazy')).toHaveLength(1);
    expect(WebAssembly.Module.customSections(ahead.module, 'torii.lazy')).toHaveLength(0);
    expect(lazy.rewrittenBytes).toBe(ahead.rewrittenBytes);
  });

  it('has more time to compute in its first calls, and no more than its limit after that', async () => {
    await load(compileWat('(module (func (export "run") (loop $l (br $l))))'), { limits: { cpuMs: 5 } });
    const details: unknown[] = [];
    for (let round = 0; round < 6; round += 1) details.push(await call().catch(({ detail }) => detail));
    const more = 'the plugin computed for more than 505 ms';
    const usual = 'the plugin computed for more than 5 ms';
    expect(details).toEqual([more, more, more, more, usual, usual]);
  });
});
