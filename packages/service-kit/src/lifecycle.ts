import type { Logger } from './logger.js';

interface Closable {
  readonly name: string;
  readonly close: () => Promise<void> | void;
}

/** Closes what a process opened, in reverse order; one failure does not keep the others from closing. */
export class Lifecycle {
  private readonly opened: Closable[] = [];
  private closing: Promise<void> | undefined;

  constructor(private readonly log: Logger) {}

  onClose(name: string, close: Closable['close']): void {
    this.opened.push({ name, close });
  }

  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  private async closeAll(): Promise<void> {
    for (const { name, close } of this.opened.reverse()) {
      try {
        await close();
      } catch (error) {
        this.log.error({ err: error, part: name }, 'part failed to close');
      }
    }
  }
}

/**
 * Runs `close` once on SIGTERM, SIGINT, or when the parent that spawned us with an IPC channel is gone,
 * then exits 0; exits 1 when it takes longer than `timeoutMs`.
 */
export function closeOnSignal(close: () => Promise<void>, timeoutMs: number): void {
  let isClosing = false;
  const onSignal = (): void => {
    if (isClosing) return;
    isClosing = true;
    setTimeout(() => process.exit(1), timeoutMs).unref();
    void close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.once(signal, onSignal);
}
