import { Injectable } from '@nestjs/common';
import type { Answer } from '../http/answer.js';
import type { RequestContext } from '../http/request-context.js';
import { ConfigWriter, type Write } from '../writes/config-writer.service.js';
import { SourceStore } from './source-store.js';
import { TreeNotAtHand, TreesAtHand } from './trees-at-hand.js';

/** How often a write begins anew because others changed the same function meanwhile. */
const triesMax = 6;

/**
 * Writes of functions: those of the configuration, except that trees are read and stored outside the transaction. All other
 * writes wait for it, and must not wait for a store.
 */
@Injectable()
export class FunctionWriter {
  constructor(
    private readonly writer: ConfigWriter,
    private readonly sources: SourceStore,
  ) {}

  /**
   * As `ConfigWriter.run`. `prepare` gets at hand what the write will need, as far as that is known; for what else it needs,
   * or needs because somebody else was faster, `work` is undone and runs again.
   */
  async run(
    context: RequestContext,
    body: unknown,
    prepare: (trees: TreesAtHand) => Promise<void>,
    work: (write: Write, trees: TreesAtHand) => Promise<Answer>,
  ): Promise<Answer> {
    const trees = new TreesAtHand(this.sources);
    await prepare(trees);
    for (let tries = 1; ; tries += 1) {
      trees.mayWait = tries === triesMax;
      try {
        return await this.writer.run(context, body, (write) => work(write, trees));
      } catch (error) {
        if (!(error instanceof TreeNotAtHand)) throw error;
        await trees.supply(error);
      }
    }
  }
}
