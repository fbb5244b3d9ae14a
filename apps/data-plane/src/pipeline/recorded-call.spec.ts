import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { testerLimits } from '@torii/contracts';
import { systemClock } from '@torii/service-kit';
import { RecordedCall } from './recorded-call.js';

const MiB = 1024 * 1024;

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

describe('RecordedCall', () => {
  it('keeps the beginning of an input, an output and a line, and nothing of the rest in memory', () => {
    const plugin = { kind: 'backend', pluginName: 'large', pluginVersion: 1 } as const;
    const before = heapBytes();
    const calls = Array.from({ length: 16 }, (_, index) => {
      const call = new RecordedCall(plugin, undefined, systemClock);
      call.encoded(String(index).repeat(4 * MiB));
      call.decode(Buffer.alloc(4 * MiB, 97), () => ({ output: undefined, isLenient: false }));
      const message = String(index)
        .repeat(4 * MiB)
        .slice(0, 1_024);
      call.onLog({ level: 'info', message, atMs: 0 });
      return call;
    });
    expect(heapBytes() - before).toBeLessThan(16 * MiB);
    expect(calls.map(({ input }) => input?.text.length)).toEqual(calls.map(() => testerLimits.textMaxChars));
    expect(calls[7]?.lines).toEqual([{ level: 'info', message: '7'.repeat(1_024), atMs: 0 }]);
    expect(calls[7]).toMatchObject({ input: { bytes: 4 * MiB }, output: { text: 'a'.repeat(testerLimits.textMaxChars), bytes: 4 * MiB } });
  });
});
