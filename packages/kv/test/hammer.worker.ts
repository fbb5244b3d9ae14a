import { parentPort, workerData } from 'node:worker_threads';
import { SharedMapTable } from '@torii/kv';

// Works on a table until it is done or ended. Runs the built package.

export interface HammerWork {
  readonly buffer: SharedArrayBuffer;
  readonly threadIndex: number;
  readonly kind: 'add' | 'swap' | 'large' | 'churn';
  readonly rounds: number;
}

const { buffer, threadIndex, kind, rounds } = workerData as HammerWork;
const store = SharedMapTable.attach(buffer, threadIndex).map('map');

/** Every byte the same, and the length says which: whoever reads a torn value sees it. */
function uniform(length: number): Uint8Array {
  return new Uint8Array(length).fill(length % 251);
}

function assertUniform(value: Uint8Array): void {
  const expected = value.length % 251;
  for (const byte of value) if (byte !== expected) throw new Error(`a value of ${value.length} bytes is torn`);
}

function swap(): void {
  for (;;) {
    const before = store.get('swapped');
    const next = Buffer.from(String(Number(before === undefined ? 0 : Buffer.from(before).toString()) + 1));
    if (store.compareAndSet('swapped', before, next) === true) return;
  }
}

function large(round: number): void {
  const key = `large${round % 3}`;
  if (round % 4 === threadIndex % 4) store.set(key, uniform(10 + ((round * 7_919 + threadIndex * 104_729) % 200_000)));
  const value = store.get(key);
  if (value !== undefined) assertUniform(value);
}

function churn(round: number): void {
  const key = `churn${(round * 31 + threadIndex) % 500}`;
  if (round % 3 === 0) store.del([key]);
  else store.set(key, uniform((round * 13) % 3_000), round % 5 === 0 ? { ttlMs: 1 + (round % 3) } : {});
  const value = store.get(`churn${round % 500}`);
  if (value !== undefined) assertUniform(value);
}

for (let round = 0; round < rounds; round++) {
  if (kind === 'add') store.incrementBy(`sum${round % 7}`, 1n);
  else if (kind === 'swap') swap();
  else if (kind === 'large') large(round);
  else churn(round);
  if (round === 0) parentPort?.postMessage('working');
}
