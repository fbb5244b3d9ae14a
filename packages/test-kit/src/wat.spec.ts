import { describe, expect, it } from '@jest/globals';
import { compileWat, type GuestName, guest } from './wat.js';

const guests: GuestName[] = ['hello', 'echo', 'loop-forever', 'trap', 'grow-memory', 'bad-json', 'calls-kv'];

describe('compileWat', () => {
  it.each(guests)('compiles the guest %s to a module that exports run', async (name) => {
    const bytes = await guest(name);
    expect([...bytes.subarray(0, 4)]).toEqual([0, 0x61, 0x73, 0x6d]);
    expect(Buffer.from(bytes).includes('run')).toBe(true);
  });

  it('says where the text is wrong', async () => {
    await expect(compileWat('(module (func (export "run") (result i32) nonsense))')).rejects.toThrow(/guest\.wat:1/);
  });
});
