import { Inject, Injectable } from '@nestjs/common';
import type { Clock, Logger } from '@torii/service-kit';
import { CLOCK, LOGGER } from '../platform/tokens.js';
import { ObjectCopies, type ObjectCopy } from './object-copies.js';
import { ObjectMissingError, type StoreName } from './object-store.js';
import { ObjectStores } from './object-stores.js';
import { StoredObjects } from './stored-objects.js';
import { WrongBytesError } from './verified.js';

const batchSize = 20;
/** Damaged objects that one pass steps over: beyond that it is no single object that is wrong. */
const damagedMax = 100;

/** What is done with objects in the background, one at a time. Several processes may do it side by side. */
@Injectable()
export class ObjectUpkeep {
  constructor(
    @Inject(ObjectCopies) private readonly copies: ObjectCopies,
    @Inject(ObjectStores) private readonly stores: ObjectStores,
    @Inject(StoredObjects) private readonly objects: StoredObjects,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /**
   * Copies what is in use to the preferred store, where another one has it alone; each checked on the way. What cannot be
   * copied because its bytes are wrong or lost is logged and stays. Answers how many were copied; throws when a store is away.
   */
  async move(signal: AbortSignal): Promise<number> {
    const { preferred } = this.stores;
    const sources = this.namesOf().filter((name) => name !== preferred.name);
    const damaged: string[] = [];
    let moved = 0;
    while (sources.length > 0 && damaged.length < damagedMax) {
      const batch = await this.copies.missingFrom(preferred.name, sources, damaged, batchSize);
      for (const copy of batch) {
        if (signal.aborted) return moved;
        if (await this.moveOne(copy)) moved += 1;
        else damaged.push(copy.sha256);
      }
      if (batch.length < batchSize) break;
    }
    return moved;
  }

  /**
   * Removes copies that nothing needs, or that the preferred store has too, once nobody has begun to write them for
   * `keptMs`. Answers how many; throws when a store is away, and then that one copy and the rest stay.
   */
  async removeUnneeded(keptMs: number, signal: AbortSignal): Promise<number> {
    const cutoff = new Date(this.clock.date().getTime() - keptMs);
    const conditions = { preferred: this.stores.preferred.name, stores: this.namesOf(), cutoff };
    const remove = async ({ sha256, store }: ObjectCopy): Promise<void> => {
      await this.stores.all.find(({ name }) => name === store)?.remove(sha256);
    };
    let removed = 0;
    while (!signal.aborted && (await this.copies.removeOne(conditions, remove))) removed += 1;
    return removed;
  }

  private async moveOne(copy: ObjectCopy): Promise<boolean> {
    try {
      await this.objects.write({ sha256: copy.sha256, size: copy.size, open: () => this.objects.readCopy(copy) });
      return true;
    } catch (error) {
      const cause = causeIn(error);
      if (cause === undefined) throw error;
      this.log.error({ sha256: copy.sha256, store: copy.store, err: cause }, 'object cannot be moved');
      return false;
    }
  }

  private namesOf(): StoreName[] {
    return this.stores.all.map(({ name }) => name);
  }
}

/** A store that fails to read what it was to write says so as an error of its own. */
function causeIn(thrown: unknown): Error | undefined {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 5; error = error.cause, depth += 1) {
    if (error instanceof ObjectMissingError || error instanceof WrongBytesError) return error;
  }
  return undefined;
}
