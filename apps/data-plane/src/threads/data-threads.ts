import { createServer } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import { AppError, type TesterAnswer, type Trial } from '@torii/contracts';
import type { Logger } from '@torii/service-kit';
import type { Following, ThreadTailBatch } from '../tail/thread-tail.js';
import { BackOff } from './back-off.js';
import { InTurn } from './in-turn.js';
import { LiveThread, type LossReason } from './live-thread.js';
import { SilenceWatch } from './silence-watch.js';
import { type KeyedSnapshot, keyedSnapshot, stagedSnapshot } from './staged-routes.js';
import { forgivenAfterMs, Suspects } from './suspects.js';
import { ThreadBoard } from './thread-board.js';
import { ThreadSystemError } from './thread-link.js';
import type { CompiledDraft, CountedSnapshot, ThreadNews, ThreadSettings } from './thread-messages.js';

export interface ThreadLoss {
  readonly thread: number;
  readonly reason: LossReason;
  /** The row of the plugin that ran when the thread was last heard of; undefined when none did. */
  readonly pluginRow: number | undefined;
}

export interface DataThreadsOptions {
  readonly settings: Omit<ThreadSettings, 'index' | 'threadCount' | 'board'>;
  readonly threadCount: number;
  readonly proxyPort: number;
  readonly activationTimeoutMs: number;
  /** A thread that was not heard for longer is ended and replaced (ms). */
  readonly silenceMs: number;
  /** Called for each thread that is lost while it serves; must not throw. */
  readonly onLost?: (loss: ThreadLoss) => void;
  /** Called when a thread's place is free again: what it left behind in shared memory can be put in order. */
  readonly onGone?: (thread: number) => void;
  /** Called with what followers of requests are to be told; must not throw. */
  readonly onTail?: (batches: readonly ThreadTailBatch[]) => void;
  /** Called with the report, as JSON, of each request that had a token; must not throw. */
  readonly onReport?: (id: string, json: string) => void;
  /** When the thread that waits to replace another is started (ms); ten seconds after the others when left out. */
  readonly firstSpareDelayMs?: number;
  /** The program of a data thread; for tests. */
  readonly entry?: URL;
  readonly log: Logger;
}

/** A new thread loads its modules first, which takes long on a machine that has much else to do. */
const listenTimeoutMs = 60_000;
const commitTimeoutMs = 10_000;
const confineTimeoutMs = 2_000;
const followTimeoutMs = 2_000;
/** What the end of a thread may take before its replacement tries to listen nevertheless. */
const exitTimeoutMs = 2_000;
/** The first spare is started when the node has settled, so that it costs the start nothing. */
const firstSpareDelayMs = 10_000;
/** The one that follows a spare which had to step in. */
const nextSpareDelayMs = 2_000;
/** What a drain may take beyond the time its requests get. */
const drainGraceMs = 1_000;
const respawnBackOff = { firstMs: 250, maxMs: 30_000, forgivenAfterMs: 60_000 };
/** Places beyond those that serve: one for the spare, one for a thread that was ended and is not gone yet. */
const extraPlaces = 2;

/** How many places a node with so many data threads has; a thread's index is its place. */
export function placesOf(threadCount: number): number {
  return threadCount + extraPlaces;
}

/**
 * The data threads of a node: started, told of configurations, watched, and replaced when one ends or no longer answers.
 *
 * A spare is kept, started but without a configuration, that takes the place of a thread that is lost; a thread that was
 * stuck is ended, with its connections, since nobody can answer in its stead.
 */
export class DataThreads {
  readonly board: ThreadBoard;
  private readonly options: DataThreadsOptions;
  private readonly entry: URL;
  private readonly serving = new Set<LiveThread>();
  /** All that are not gone, by their place. */
  private readonly places = new Map<number, LiveThread>();
  private readonly watch: SilenceWatch;
  private readonly suspects = new Suspects(forgivenAfterMs);
  private readonly backOff = new BackOff(respawnBackOff);
  private readonly spareBackOff = new BackOff(respawnBackOff);
  private spare: LiveThread | undefined;
  private spareTimer: NodeJS.Timeout | undefined;
  private port = 0;
  private threadCount: number;
  private active: KeyedSnapshot | undefined;
  private followings: readonly Following[] = [];
  private isStopping = false;
  private tries = 0;
  /** Activations and replacements in turn: a thread has one staged configuration, and must not commit another's. */
  private readonly turns = new InTurn();

  constructor(options: DataThreadsOptions) {
    this.options = options;
    this.threadCount = options.threadCount;
    this.board = ThreadBoard.create(placesOf(options.threadCount));
    this.watch = new SilenceWatch({ silenceMs: options.silenceMs });
    this.entry = options.entry ?? new URL('./data-thread.js', import.meta.url);
  }

  get proxyPort(): number {
    return this.port;
  }

  /** Threads that serve now. */
  get liveCount(): number {
    return this.serving.size;
  }

  get wantedCount(): number {
    return this.threadCount;
  }

  get hasSpare(): boolean {
    return this.spare !== undefined;
  }

  /** Resolves when every thread listens. Rejects with the system's error when the port cannot be had. */
  async start(): Promise<void> {
    const { settings, proxyPort, log } = this.options;
    // Shared listeners do not notice each other: without this look, a second node on the port would take half the requests.
    if (proxyPort !== 0) await assertPortIsFree(settings.proxyHost, proxyPort);
    this.port = proxyPort;
    const first = this.spawn(0);
    try {
      this.port = (await this.listen(first, this.threadCount > 1)) ?? proxyPort;
    } catch (error) {
      if (this.threadCount === 1 || !isUnsupported(error)) throw error;
      log.warn('this system cannot share a port between threads: serving with one data thread');
      this.threadCount = 1;
      this.port = (await this.listen(first, false)) ?? proxyPort;
    }
    const others = Array.from({ length: this.threadCount - 1 }, (_, index) => this.spawn(index + 1));
    await Promise.all(others.map((thread) => this.listen(thread, true)));
    this.startSpareIn(this.options.firstSpareDelayMs ?? firstSpareDelayMs);
  }

  /** All threads take the configuration over, one before the others, or none does; throws what the first one refused it with. */
  activate(snapshot: CountedSnapshot): Promise<void> {
    return this.turns.run(() => this.activateNow(snapshot));
  }

  /** Puts a plugin that has cost a thread under quarantine, on every thread and on those that come soon; each time it lasts longer. */
  confine(row: number): void {
    const times = this.suspects.add(row);
    for (const thread of this.serving) this.confineOn(thread, row, times);
  }

  /**
   * Has one of the threads send itself a request. Throws `platform.internal` when the thread ends, or has not answered in
   * time; `config.*` when the draft cannot be served.
   */
  async tryOut(trial: Omit<Trial, 'draft'>, draft: CompiledDraft | undefined, timeoutMs: number): Promise<TesterAnswer> {
    const threads = [...this.serving];
    const thread = threads[this.tries++ % threads.length];
    if (thread === undefined) throw new AppError('platform.internal', { detail: 'no data thread serves at the moment' });
    const { tried } = await thread.link.ask({ kind: 'try', trial, ...(draft === undefined ? {} : { draft }) }, timeoutMs);
    if (tried === undefined) throw new AppError('platform.internal', { detail: 'a data thread answered something else' });
    return tried;
  }

  /** These follow the requests from now on, on every thread and on those that come. */
  follow(followings: readonly Following[]): void {
    this.followings = followings;
    for (const thread of this.serving) this.followOn(thread);
  }

  /** Lets every thread finish what it is doing, then ends it. */
  async stop(): Promise<void> {
    this.isStopping = true;
    clearTimeout(this.spareTimer);
    const { settings, log } = this.options;
    await Promise.all(
      [...this.places.values()].map(async (thread) => {
        if (this.serving.has(thread)) {
          await thread.link
            .ask({ kind: 'drain' }, settings.shutdownTimeoutMs + drainGraceMs)
            .catch((error: unknown) => log.warn({ err: error }, 'data thread not drained in time'));
        }
        await thread.terminate();
      }),
    );
    this.watch.close();
  }

  private async activateNow(snapshot: CountedSnapshot): Promise<void> {
    const threads = [...this.serving];
    const [first, ...others] = threads;
    // Nobody has tried it, and a configuration that was never tried must not become the one that threads start with.
    if (first === undefined) throw new AppError('platform.internal', { detail: 'no data thread is there to take the configuration over' });
    const keyed = keyedSnapshot(snapshot);
    // One tries it before the others: a configuration that is the end of its thread costs no more than that one.
    const staged = await Promise.allSettled([this.stageOn(first, keyed, false)]);
    if (staged[0]?.status === 'fulfilled') staged.push(...(await Promise.allSettled(others.map((thread) => this.stageOn(thread, keyed, true)))));
    const refusal = staged.find((result) => result.status === 'rejected');
    if (refusal !== undefined) {
      await Promise.allSettled(threads.map(({ link }) => link.ask({ kind: 'discard' }, commitTimeoutMs)));
      throw refusal.reason;
    }
    this.active = keyed;
    const keys = new Set(keyed.routeKeys);
    await Promise.all(threads.map((thread) => this.commitOn(thread, keys)));
  }

  private tell(news: ThreadNews): void {
    const { onTail, onReport } = this.options;
    if (news.kind === 'tail') onTail?.(news.batches);
    else onReport?.(news.id, news.json);
  }

  private async stageOn(thread: LiveThread, keyed: KeyedSnapshot, isTried: boolean): Promise<void> {
    const snapshot = stagedSnapshot(keyed, thread.routeKeys);
    await thread.link.ask({ kind: 'stage', snapshot, isTried }, this.options.activationTimeoutMs);
  }

  /** What the thread holds is not known until it has said that it has taken over. */
  private async commitOn(thread: LiveThread, routeKeys: ReadonlySet<string>): Promise<void> {
    thread.routeKeys = new Set();
    await thread.link.ask({ kind: 'commit' }, commitTimeoutMs);
    thread.routeKeys = routeKeys;
  }

  private spawn(index: number): LiveThread {
    const { settings, log } = this.options;
    const row = this.board.of(index);
    row.clear();
    const workerData = { ...settings, index, threadCount: this.threadCount, board: this.board.memory };
    const thread = new LiveThread(this.entry, workerData, row, {
      error: (error) => log.error({ err: error, thread: index }, 'data thread failed'),
      exit: (exitCode) => this.gone(thread, exitCode),
      news: (news) => this.tell(news),
    });
    this.places.set(index, thread);
    return thread;
  }

  /** From here on it serves, counts, and is watched. */
  private async listen(thread: LiveThread, isShared: boolean): Promise<number | undefined> {
    const { port } = await thread.link.ask({ kind: 'listen', port: this.port, isShared }, listenTimeoutMs);
    if (thread.isLost) return port;
    thread.row.isServing = true;
    this.serving.add(thread);
    thread.unwatch = this.watch.watch(thread.row, (silentMs) => {
      this.options.log.error({ thread: thread.index, silentMs: Math.round(silentMs) }, 'data thread does not answer and is replaced');
      this.lose(thread, 'silent');
      void thread.terminate();
    });
    return port;
  }

  private gone(thread: LiveThread, exitCode: number): void {
    if (!thread.isLost && !this.isStopping) {
      this.options.log.error({ thread: thread.index, exitCode }, 'data thread ended and is replaced');
      this.lose(thread, 'ended');
    }
    this.places.delete(thread.index);
    thread.row.clear();
    this.options.onGone?.(thread.index);
  }

  /** Takes it out of service at once, and sees to another in its place. */
  private lose(thread: LiveThread, reason: LossReason): void {
    thread.isLost = true;
    thread.unwatch?.();
    const pluginRow = thread.row.running;
    thread.row.isServing = false;
    if (this.isStopping) return;
    const lastedMs = performance.now() - thread.startedAtMs;
    if (thread === this.spare) {
      this.spare = undefined;
      this.startSpareIn(this.spareBackOff.nextMs(lastedMs));
      return;
    }
    if (this.serving.delete(thread)) this.options.onLost?.({ thread: thread.index, reason, pluginRow });
    this.refillIn(this.backOff.nextMs(lastedMs));
  }

  private refillIn(waitMs: number): void {
    const again = (error: unknown): void => {
      // The system has no thread for us at the moment.
      this.options.log.error({ err: error }, 'data thread not started');
      this.refillIn(this.backOff.nextMs(0));
    };
    setTimeout(() => void this.turns.run(() => this.refill()).catch(again), waitMs).unref();
  }

  private async refill(): Promise<void> {
    if (this.isStopping || this.serving.size >= this.threadCount) return;
    const thread = this.takeSpare() ?? this.spawnAnywhere();
    if (thread === undefined) {
      this.refillIn(this.backOff.nextMs(0)); // threads that were ended still hold their places
      return;
    }
    try {
      if (this.active !== undefined) {
        await this.stageOn(thread, this.active, true);
        await this.commitOn(thread, new Set(this.active.routeKeys));
      }
      for (const { row, times } of this.suspects.list()) this.confineOn(thread, row, times);
      if (this.followings.length > 0) this.followOn(thread);
      if (this.threadCount === 1) await this.portIsFree();
      await this.listen(thread, this.threadCount > 1);
    } catch (error) {
      this.options.log.error({ err: error, thread: thread.index }, 'replacement of a data thread failed');
      if (!thread.isLost) this.lose(thread, 'ended');
      void thread.terminate();
      return;
    }
    this.startSpareIn(nextSpareDelayMs);
  }

  /** A port that is not shared can be had only when the thread before has left it. */
  private async portIsFree(): Promise<void> {
    const leaving = [...this.places.values()].filter(({ isLost }) => isLost).map(({ exited }) => exited);
    await Promise.race([Promise.all(leaving), after(exitTimeoutMs, undefined, { ref: false })]);
  }

  private confineOn(thread: LiveThread, row: number, times: number): void {
    thread.link.ask({ kind: 'confine', row, times }, confineTimeoutMs).catch(() => undefined); // it ended, or is next to be found silent
  }

  private followOn(thread: LiveThread): void {
    thread.link.ask({ kind: 'follow', followings: this.followings }, followTimeoutMs).catch(() => undefined); // as with `confine`
  }

  private takeSpare(): LiveThread | undefined {
    const { spare } = this;
    this.spare = undefined;
    return spare;
  }

  private spawnAnywhere(): LiveThread | undefined {
    for (let index = 0; index < this.board.threads; index += 1) {
      if (!this.places.has(index)) return this.spawn(index);
    }
    return undefined;
  }

  private startSpareIn(waitMs: number): void {
    clearTimeout(this.spareTimer);
    this.spareTimer = setTimeout(() => {
      if (this.isStopping || this.spare !== undefined) return;
      this.spare = this.spawnAnywhere();
    }, waitMs);
    this.spareTimer.unref();
  }
}

function isUnsupported(error: unknown): boolean {
  return error instanceof ThreadSystemError && ['ENOTSUP', 'EOPNOTSUPP', 'ENOPROTOOPT', 'EINVAL'].includes(error.systemCode);
}

function assertPortIsFree(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen({ host, port }, () => probe.close(() => resolve()));
  });
}
