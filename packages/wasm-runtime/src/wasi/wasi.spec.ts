import { afterEach, describe, expect, it } from '@jest/globals';
import { codeOf, type FunctionOptions, type LoadedFunction, loadGuest } from '../../test/a-function.js';
import { compileWat, guestBytes, readWat } from '../../test/wat.js';
import { errno } from './errno.js';

const guest = guestBytes('wasi');
const opened: LoadedFunction[] = [];

async function load(functionName: string, limits: FunctionOptions['limits'] = {}): Promise<LoadedFunction> {
  const loaded = await loadGuest(guest, { functionName, limits });
  opened.push(loaded);
  return loaded;
}

async function numberFrom(functionName: string): Promise<number> {
  const { output } = await (await load(functionName)).call();
  return Number(Buffer.from(output).readBigUInt64LE());
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((loaded) => loaded.close()));
});

describe('WASI', () => {
  it('runs _initialize once, before the first call', async () => {
    expect(await numberFrom('initialised')).toBe(1);
  });

  it('gives randomness and the time', async () => {
    expect(await numberFrom('random')).not.toBe(await numberFrom('random'));
    expect(Math.abs((await numberFrom('now')) / 1e6 - Date.now())).toBeLessThan(60_000);
  });

  it.each([
    ['fd_write', '(param i32 i32 i32 i32) (result i64)', 'must take numbers and return i32'],
    ['sched_yield', '(param v128) (result i32)', 'must take numbers and return i32'],
    ['random_get', '(param i32 i32) (result i32 i32)', 'must take numbers and return i32'],
  ])('links no %s of another signature', async (name, signature, says) => {
    const wat = `(module (import "wasi_snapshot_preview1" "${name}" (func ${signature})) (func (export "run")))`;
    const loaded = await loadGuest(compileWat(wat));
    opened.push(loaded);
    await expect(loaded.call()).rejects.toMatchObject({ code: 'config.compile_failed', detail: expect.stringContaining(says) });
  });

  it('writes standard output to the log, a line at a time and without escapes', async () => {
    const loaded = await load('write');
    await loaded.call();
    const lines = loaded.logLines.filter(({ source }) => source === 'plugin').map(({ text }) => text);
    expect(lines).toEqual(['hello from wasi', 'and half a line']);
  });

  it('has no files, no directories and no arguments', async () => {
    expect(await numberFrom('writeElsewhere')).toBe(errno.badf);
    expect(await numberFrom('prestat')).toBe(errno.badf);
    expect(await numberFrom('open')).toBe(errno.nosys);
    expect(await numberFrom('read')).toBe(errno.success);
    expect(await numberFrom('arguments')).toBe(0);
  });

  it.each(['badRandom', 'badClock', 'badPoll'])('answers FAULT to a pointer outside of the memory (%s)', async (functionName) => {
    expect(await numberFrom(functionName)).toBe(errno.fault);
  });

  it('takes no more pieces of a write than it should', async () => {
    expect(await numberFrom('writeManyPieces')).toBe(errno.success);
  });
});

describe('a sleeping guest', () => {
  it('wakes up, and its sleep does not count as computing', async () => {
    const aSecond = compileWat(readWat('wasi').replace('(i64.const 20000000)', '(i64.const 1000000000)'));
    const loaded = await loadGuest(aSecond, { functionName: 'sleepShort', limits: { cpuMs: 700 } });
    opened.push(loaded);
    const result = await loaded.call();
    expect(Buffer.from(result.output).readBigUInt64LE()).toBe(1n);
    expect(result.wallMs).toBeGreaterThan(900);
    expect(result.cpuMs).toBeLessThan(700);
  });

  it('is cut at its wall deadline, and its instance given up', async () => {
    const loaded = await load('sleepLong', { wallMs: 60 });
    expect(await codeOf(loaded.call())).toBe('plugin.deadline_exceeded');
    expect(loaded.pool.stats).toMatchObject({ idle: 0, leased: 0, evicted: 1 });
  });

  it('is cut when its client has gone', async () => {
    const loaded = await load('sleepLong');
    const client = new AbortController();
    const outcome = codeOf(loaded.call('', { signal: client.signal }));
    setTimeout(() => client.abort(), 20);
    expect(await outcome).toBe('client.gone');
    expect(loaded.pool.stats).toMatchObject({ leased: 0, evicted: 1 });
  });

  it('leaves the thread to others', async () => {
    const sleeping = await load('sleepLong');
    const other = await load('now');
    const client = new AbortController();
    let isSleeping = true;
    const slept = codeOf(sleeping.call('', { signal: client.signal })).finally(() => {
      isSleeping = false;
    });
    for (let calls = 0; calls < 20; calls += 1) await other.call();
    expect(isSleeping).toBe(true);
    client.abort();
    expect(await slept).toBe('client.gone');
  });
});
