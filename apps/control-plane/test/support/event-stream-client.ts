import { ServerEvents } from '@torii/test-kit';

/** Follows the log of a build. */
export class EventStreamClient extends ServerEvents<{ readonly text?: string; readonly status?: string; readonly stage?: string }> {
  get lines(): string[] {
    return this.named('line').map(({ text }) => text ?? '');
  }
}
