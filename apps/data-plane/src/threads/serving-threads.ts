import { AppError, type TesterAnswer, type Trial } from '@torii/contracts';
import type { Following } from '../tail/thread-tail.js';
import type { LiveThread } from './live-thread.js';
import { type KeyedSnapshot, keyedSnapshot, type RouteKeys, stagedSnapshot } from './staged-routes.js';
import { forgivenAfterMs, Suspects } from './suspects.js';
import type { CompiledDraft, CountedSnapshot } from './thread-messages.js';

const commitTimeoutMs = 10_000;
const confineTimeoutMs = 2_000;
const followTimeoutMs = 2_000;

export interface ServingThreadsOptions {
  /** What a thread may take to build a configuration. */
  readonly activationTimeoutMs: number;
}

/**
 * The data threads that serve, and what all of them are told: the configuration, which plugins are under quarantine, who
 * follows the requests. One that is to join them catches up with them first.
 *
 * A thread has one staged configuration and must not commit another's: `activate` and `catchUp` are called in turn.
 */
export class ServingThreads {
  private readonly options: ServingThreadsOptions;
  private readonly threads = new Set<LiveThread>();
  /** Those that serve and those that are about to, once they have caught up: what comes from then on they are told with the others. */
  private readonly told = new Set<LiveThread>();
  private readonly suspects = new Suspects(forgivenAfterMs);
  private active: KeyedSnapshot | undefined;
  private followings: readonly Following[] = [];
  private tries = 0;
  private configurations = 0;

  constructor(options: ServingThreadsOptions) {
    this.options = options;
  }

  get count(): number {
    return this.threads.size;
  }

  has(thread: LiveThread): boolean {
    return this.threads.has(thread);
  }

  add(thread: LiveThread): void {
    this.threads.add(thread);
    this.told.add(thread);
  }

  /** Answers whether it served until now. */
  remove(thread: LiveThread): boolean {
    this.told.delete(thread);
    return this.threads.delete(thread);
  }

  /** All threads take the configuration over, one before the others, or none does; throws what the first one refused it with. */
  async activate(snapshot: CountedSnapshot): Promise<void> {
    const threads = [...this.threads];
    const [first, ...others] = threads;
    // Nobody has tried it, and a configuration that was never tried must not become the one that threads start with.
    if (first === undefined) throw new AppError('platform.internal', { detail: 'no data thread is there to take the configuration over' });
    const keyed = keyedSnapshot(snapshot, ++this.configurations);
    // One tries it before the others: a configuration that is the end of its thread costs no more than that one.
    const staged = await Promise.allSettled([this.stageOn(first, keyed, false)]);
    if (staged[0]?.status === 'fulfilled') staged.push(...(await Promise.allSettled(others.map((thread) => this.stageOn(thread, keyed, true)))));
    const refusal = staged.find((result) => result.status === 'rejected');
    if (refusal !== undefined) {
      await Promise.allSettled(threads.map(({ link }) => link.ask({ kind: 'discard' }, commitTimeoutMs)));
      throw refusal.reason;
    }
    this.active = keyed;
    await Promise.all(threads.map((thread) => this.commitOn(thread, keyed.routeKeys)));
  }

  /**
   * Tells a thread that does not serve yet what those that do were told, and are told until it serves or is removed. Throws
   * when it does not take the configuration over.
   */
  async catchUp(thread: LiveThread): Promise<void> {
    if (this.active !== undefined) {
      await this.stageOn(thread, this.active, true);
      await this.commitOn(thread, this.active.routeKeys);
    }
    this.told.add(thread);
    for (const { row, times } of this.suspects.list()) this.confineOn(thread, row, times);
    if (this.followings.length > 0) this.followOn(thread);
  }

  /** Puts a plugin that has cost a thread under quarantine, on every thread and on those that come soon; each time it lasts longer. */
  confine(row: number): void {
    const times = this.suspects.add(row);
    for (const thread of this.told) this.confineOn(thread, row, times);
  }

  /** These follow the requests from now on, on every thread and on those that come. */
  follow(followings: readonly Following[]): void {
    this.followings = followings;
    for (const thread of this.told) this.followOn(thread);
  }

  /**
   * Has one of the threads send itself a request. Throws `platform.internal` when the thread ends, or has not answered in
   * time; `config.*` when the draft cannot be served.
   */
  async tryOut(trial: Omit<Trial, 'draft'>, draft: CompiledDraft | undefined, timeoutMs: number): Promise<TesterAnswer> {
    const threads = [...this.threads];
    const thread = threads[this.tries++ % threads.length];
    if (thread === undefined) throw new AppError('platform.internal', { detail: 'no data thread serves at the moment' });
    const { tried } = await thread.link.ask({ kind: 'try', trial, ...(draft === undefined ? {} : { draft }) }, timeoutMs);
    if (tried === undefined) throw new AppError('platform.internal', { detail: 'a data thread answered something else' });
    return tried;
  }

  private async stageOn(thread: LiveThread, keyed: KeyedSnapshot, isTried: boolean): Promise<void> {
    const snapshot = stagedSnapshot(keyed, thread.holds);
    await thread.link.ask({ kind: 'stage', snapshot, isTried }, this.options.activationTimeoutMs);
  }

  /** What the thread holds is not known until it has said that it has taken over. */
  private async commitOn(thread: LiveThread, routeKeys: RouteKeys): Promise<void> {
    thread.holds = undefined;
    await thread.link.ask({ kind: 'commit' }, commitTimeoutMs);
    thread.holds = routeKeys;
  }

  private confineOn(thread: LiveThread, row: number, times: number): void {
    thread.link.ask({ kind: 'confine', row, times }, confineTimeoutMs).catch(() => undefined); // it ended, or is next to be found silent
  }

  private followOn(thread: LiveThread): void {
    thread.link.ask({ kind: 'follow', followings: this.followings }, followTimeoutMs).catch(() => undefined); // as with `confine`
  }
}
