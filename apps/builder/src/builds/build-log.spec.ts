import { describe, expect, it } from '@jest/globals';
import type { BuildLogEntry } from '@torii/contracts';
import { buildLogLimits } from '@torii/contracts';
import { systemClock } from '@torii/service-kit';
import fc from 'fast-check';
import { BuildLog, type LogSink } from './build-log.js';

class Sink implements LogSink {
  readonly texts: string[] = [];
  isFull = false;
  isClosed = false;
  append(entry: BuildLogEntry): void {
    this.texts.push(entry.type === 'line' ? `${entry.stream}: ${entry.text}` : entry.type);
  }
  discard(): void {
    this.texts.splice(0);
  }
  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

describe('BuildLog', () => {
  it('makes the same lines of a text however it is cut into pieces', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.stringMatching(/^[a-z\n]{0,12}$/)), async (pieces) => {
        const sink = new Sink();
        const log = new BuildLog(sink, systemClock);
        for (const piece of pieces) log.write('stdout', piece);
        await log.close();
        const whole = pieces.join('').split('\n');
        if (whole.at(-1) === '') whole.pop();
        expect(sink.texts).toEqual(whole.map((line) => `stdout: ${line}`));
        expect(sink.isClosed).toBe(true);
      }),
    );
  });

  it('keeps the two streams apart, and takes colours and carriage returns out', async () => {
    const sink = new Sink();
    const log = new BuildLog(sink, systemClock);
    log.write('stdout', 'one ');
    log.write('stderr', '\u001b[31mred\u001b[0m\r\n');
    log.write('stdout', 'line\n');
    log.say('done');
    await log.close();
    expect(sink.texts).toEqual(['stderr: red', 'stdout: one line', 'torii: done']);
  });

  it('leaves nothing in a line that a terminal would act on, or that hides what it says', async () => {
    const sink = new Sink();
    const log = new BuildLog(sink, systemClock);
    log.write('stdout', 'a\0b\u0007\u001b]0;title\u0007c\u009b31md\te\u001b[2Jf\u001bPq\u001b\\g\u001b[\u202eh\ud800\n');
    log.write('stdout', '10%\r20%\r\n\rdone\n');
    await log.close();
    expect(sink.texts).toEqual(['stdout: a\ufffdb\ufffdcd\tefg\ufffd[\ufffdh\ufffd', 'stdout: 10%', 'stdout: 20%', 'stdout: done']);
  });

  it('writes no control character, whatever a text is made of', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('\u001b', ';', '?', '[', ']', 'a', '0', '\u0007', '\r', '\u009c', '\0'), maxLength: 4_000 }),
        (text) => {
          const sink = new Sink();
          new BuildLog(sink, systemClock).write('stdout', `${text}\n`);
          for (const shown of sink.texts) expect(shown).toMatch(/^[^\p{Cc}]*$/u);
        },
      ),
    );
  });

  it('holds no more of a line that does not end than a line may have', () => {
    const sink = new Sink();
    const log = new BuildLog(sink, systemClock);
    for (let i = 0; i < 10; i++) log.write('stdout', 'x'.repeat(buildLogLimits.lineMaxBytes));
    expect(sink.texts.length).toBeGreaterThanOrEqual(4);
  });

  it('keeps nothing once the log is full', async () => {
    const sink = new Sink();
    sink.isFull = true;
    const log = new BuildLog(sink, systemClock);
    log.write('stdout', 'a\nb');
    await log.close();
    expect(sink.texts).toEqual([]);
  });
});
