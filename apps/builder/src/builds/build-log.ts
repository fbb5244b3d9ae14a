import type { BuildLogWriter } from '@torii/build-queue';
import { type BuildLogEntry, type BuildStage, buildLogLimits } from '@torii/contracts';
import type { Clock } from '@torii/service-kit';
import { shownLine } from './shown-text.js';

/** Where lines go; a `BuildLogWriter`. */
export type LogSink = Pick<BuildLogWriter, 'append' | 'isFull' | 'close' | 'discard'>;

type Stream = (BuildLogEntry & { readonly type: 'line' })['stream'];

/** Makes lines of what compilers say, piece by piece, for the log of one build. Bounded, and cheap once the log is full. */
export class BuildLog {
  private readonly begun = new Map<Stream, string>();

  constructor(
    private readonly writer: LogSink,
    private readonly clock: Clock,
  ) {}

  /** One line of ours. */
  say(text: string): void {
    this.write('torii', `${text}\n`);
  }

  stage(stage: BuildStage): void {
    this.writer.append({ type: 'stage', at: this.now(), stage });
  }

  /** Text as it comes; a line is written when it is whole, or longer than a line may be. */
  write(stream: Stream, text: string): void {
    if (this.writer.isFull) return;
    const lines = ((this.begun.get(stream) ?? '') + text).split('\n');
    const rest = lines.pop() ?? '';
    for (const line of lines) this.line(stream, line);
    if (rest.length <= buildLogLimits.lineMaxBytes) {
      this.begun.set(stream, rest);
      return;
    }
    this.line(stream, rest);
    this.begun.delete(stream);
  }

  /** Writes what is left, and waits until Redis has it, if it takes it now; called again, what it has not taken. */
  async close(): Promise<void> {
    for (const [stream, rest] of this.begun) if (rest !== '') this.line(stream, rest);
    this.begun.clear();
    await this.writer.close();
  }

  /** For a build that another builder has: what is not written yet is of no more use. */
  discard(): void {
    this.begun.clear();
    this.writer.discard();
  }

  private line(stream: Stream, text: string): void {
    // A line that is written over, such as one of progress, is one line for each time.
    const [first = '', ...others] = text.split(/\r+/);
    const written = others.filter((part) => part !== '');
    for (const part of first === '' && written.length > 0 ? written : [first, ...written]) {
      if (this.writer.isFull) return;
      const shown = shownLine(part.slice(0, buildLogLimits.lineMaxBytes + 1));
      this.writer.append({ type: 'line', at: this.now(), stream, text: shown });
    }
  }

  private now(): string {
    return this.clock.date().toISOString();
  }
}
