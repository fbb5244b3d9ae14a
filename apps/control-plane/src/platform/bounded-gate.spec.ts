import { describe, expect, it } from '@jest/globals';
import { BoundedGate } from './bounded-gate.js';

function anOpenEnd() {
  let finish = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return { promise, finish: () => finish() };
}

describe('BoundedGate', () => {
  it('runs so many at a time, and the others in order', async () => {
    const gate = new BoundedGate({ runningMax: 1, waitingMax: 2, waitTimeoutMs: 60_000 });
    const first = anOpenEnd();
    const order: string[] = [];
    const work = [
      gate.run(() => first.promise.then(() => order.push('first'))),
      gate.run(async () => order.push('second')),
      gate.run(async () => order.push('third')),
    ];
    await expect(gate.run(async () => 'fourth')).rejects.toMatchObject({ code: 'capacity.overloaded' });
    first.finish();
    await Promise.all(work);
    expect(order).toEqual(['first', 'second', 'third']);
  });

  it('sends away whoever waits for too long', async () => {
    const gate = new BoundedGate({ runningMax: 1, waitingMax: 1, waitTimeoutMs: 5 });
    const first = anOpenEnd();
    const running = gate.run(() => first.promise);
    await expect(gate.run(async () => 'second')).rejects.toMatchObject({ code: 'capacity.overloaded' });
    first.finish();
    await running;
    await expect(gate.run(async () => 'third')).resolves.toBe('third');
  });

  it('goes on after work that failed', async () => {
    const gate = new BoundedGate({ runningMax: 1, waitingMax: 0, waitTimeoutMs: 5 });
    await expect(gate.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(gate.run(async () => 1)).resolves.toBe(1);
  });
});
