import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { Logger } from '@torii/service-kit';
import { UnusedArtifacts } from '../artifacts/unused-artifacts.js';
import type { Env } from '../env.js';
import { OldTrees } from '../functions/old-trees.js';
import { ObjectUpkeep } from '../objects/object-upkeep.js';
import { ENV, LOGGER } from '../platform/tokens.js';

/**
 * Now and then deletes artifacts that nothing has referred to for long enough, brings objects to the store they belong in,
 * and removes those that nothing needs. Every step is small, can be broken off, and may run in several control planes at once.
 */
@Injectable()
export class UpkeepService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly ending = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private pass: Promise<void> | undefined;

  constructor(
    private readonly artifacts: UnusedArtifacts,
    private readonly trees: OldTrees,
    private readonly objects: ObjectUpkeep,
    @Inject(ENV) private readonly env: Env,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.passLater();
  }

  /** Before the connections are closed; waits for the step under way. */
  async beforeApplicationShutdown(): Promise<void> {
    this.ending.abort();
    clearTimeout(this.timer);
    await this.pass;
  }

  private passLater(): void {
    this.timer = setTimeout(() => {
      this.pass = this.runPass().finally(() => {
        if (!this.ending.signal.aborted) this.passLater();
      });
    }, this.env.objects.upkeepIntervalMs);
  }

  private async runPass(): Promise<void> {
    const { unusedKeptMs } = this.env.objects;
    const { signal } = this.ending;
    await this.step('artifacts deleted', () => this.artifacts.collect(unusedKeptMs, signal));
    await this.step('trees made objects', () => this.trees.convert(signal));
    await this.step('objects moved', () => this.objects.move(signal));
    await this.step('objects removed', () => this.objects.removeUnneeded(unusedKeptMs, signal));
  }

  /** A step that fails keeps no other from its work, and is done again in the next pass. */
  private async step(done: string, work: () => Promise<number>): Promise<void> {
    if (this.ending.signal.aborted) return;
    try {
      const count = await work();
      if (count > 0) this.log.info({ count }, done);
    } catch (error) {
      this.log.warn({ step: done, err: error }, 'upkeep failed, trying again later');
    }
  }
}
