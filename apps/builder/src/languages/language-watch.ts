import type { BuildIntake } from '@torii/build-queue';
import type { LanguageName, LanguageStatus } from '@torii/contracts';
import type { Logger } from '@torii/service-kit';
import type { Languages } from './languages.js';

export interface LanguageWatchOptions {
  readonly languages: Languages;
  readonly intake: Pick<BuildIntake, 'open' | 'close'>;
  readonly log: Logger;
  /** A language has come or gone, or has other tools. */
  readonly onChange: () => void;
  /** Each time it looks. */
  readonly onLook?: () => void;
  readonly intervalMs?: number;
}

const defaultIntervalMs = 60_000;

/** Looks every minute which languages there are, and takes builds of these alone. */
export class LanguageWatch {
  private readonly open = new Set<LanguageName>();
  private readonly options: LanguageWatchOptions;
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;

  constructor(options: LanguageWatchOptions) {
    this.options = options;
  }

  /** Resolves when it has looked once. */
  async start(): Promise<void> {
    await this.look();
    this.next();
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  private next(): void {
    if (this.isStopped) return;
    this.timer = setTimeout(() => {
      this.options.onLook?.();
      void this.look()
        .catch((error: unknown) => this.options.log.warn({ err: error }, 'languages not looked for'))
        .then(() => this.next());
    }, this.options.intervalMs ?? defaultIntervalMs);
  }

  private async look(): Promise<void> {
    const { languages, onChange } = this.options;
    if (!(await languages.detect()) || this.isStopped) return;
    for (const status of languages.all) await this.apply(status);
    onChange();
  }

  private async apply(status: LanguageStatus): Promise<void> {
    const { intake, log } = this.options;
    const { name } = status;
    if (status.available) {
      log.info({ language: name, toolchain: status.toolchain }, 'language available');
      intake.open(name);
      this.open.add(name);
      return;
    }
    log.info({ language: name, reason: status.reason }, 'language not available');
    if (this.open.delete(name)) await intake.close(name);
  }
}
