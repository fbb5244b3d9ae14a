import type { TesterAnswer, Trial } from '@torii/contracts';
import type { Following } from '../tail/thread-tail.js';
import { BackOff } from './back-off.js';
import type { DataThreadsOptions } from './data-threads-options.js';
import { InTurn } from './in-turn.js';
import type { LiveThread, LossReason } from './live-thread.js';
import { ServingThreads } from './serving-threads.js';
import { assertPortIsFree, isSharingUnsupported } from './shared-port.js';
import { SilenceWatch } from './silence-watch.js';
import { SpareThread } from './spare-thread.js';
import type { ThreadBoard } from './thread-board.js';
import type { CompiledDraft, CountedSnapshot, ThreadNews } from './thread-messages.js';
import { ThreadPlaces } from './thread-places.js';

/** A new thread loads its modules first, which takes long on a machine that has much else to do. */
const listenTimeoutMs = 60_000;
/** What the end of a thread may take before its replacement tries to listen nevertheless. */
const exitTimeoutMs = 2_000;
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
  private readonly options: DataThreadsOptions;
  private readonly places: ThreadPlaces;
  private readonly serving: ServingThreads;
  private readonly spare: SpareThread;
  private readonly watch: SilenceWatch;
  private readonly backOff = new BackOff(respawnBackOff);
  /** Activations and replacements in turn: a thread has one staged configuration, and must not commit another's. */
  private readonly turns = new InTurn();
  private threadCount: number;
  private port = 0;
  private isStopping = false;

  constructor(options: DataThreadsOptions) {
    const { activationTimeoutMs, silenceMs, log } = options;
    this.options = options;
    this.threadCount = options.threadCount;
    this.places = new ThreadPlaces({
      count: placesOf(options.threadCount),
      entry: options.entry ?? new URL('./data-thread.js', import.meta.url),
      settings: () => ({ ...options.settings, threadCount: this.threadCount }),
      onNews: (news) => this.tell(news),
      onExit: (thread, exitCode) => this.ended(thread, exitCode),
      onFree: (index) => options.onGone?.(index),
      log,
    });
    this.serving = new ServingThreads({ activationTimeoutMs });
    this.spare = new SpareThread({ start: () => this.places.startAnywhere(), backOff: new BackOff(respawnBackOff), log });
    this.watch = new SilenceWatch({ silenceMs });
  }

  get board(): ThreadBoard {
    return this.places.board;
  }

  get proxyPort(): number {
    return this.port;
  }

  /** Threads that serve now. */
  get liveCount(): number {
    return this.serving.count;
  }

  get wantedCount(): number {
    return this.threadCount;
  }

  get hasSpare(): boolean {
    return this.spare.isThere;
  }

  /** Resolves when every thread listens. Rejects with the system's error when the port cannot be had. */
  async start(): Promise<void> {
    const { settings, proxyPort, log } = this.options;
    if (proxyPort !== 0) await assertPortIsFree(settings.proxyHost, proxyPort);
    this.port = proxyPort;
    const first = this.places.startAt(0);
    try {
      this.port = (await this.listen(first, this.threadCount > 1)) ?? proxyPort;
    } catch (error) {
      if (this.threadCount === 1 || !isSharingUnsupported(error)) throw error;
      log.warn('this system cannot share a port between threads: serving with one data thread');
      this.threadCount = 1;
      this.port = (await this.listen(first, false)) ?? proxyPort;
    }
    const others = Array.from({ length: this.threadCount - 1 }, (_, index) => this.places.startAt(index + 1));
    await Promise.all(others.map((thread) => this.listen(thread, true)));
    this.spare.startIn(this.options.firstSpareDelayMs);
  }

  /** See `ServingThreads.activate`; one configuration after the other. */
  activate(snapshot: CountedSnapshot): Promise<void> {
    return this.turns.run(() => this.serving.activate(snapshot));
  }

  /** See `ServingThreads.confine`. */
  confine(row: number): void {
    this.serving.confine(row);
  }

  /** See `ServingThreads.tryOut`. */
  tryOut(trial: Omit<Trial, 'draft'>, draft: CompiledDraft | undefined, timeoutMs: number): Promise<TesterAnswer> {
    return this.serving.tryOut(trial, draft, timeoutMs);
  }

  /** See `ServingThreads.follow`. */
  follow(followings: readonly Following[]): void {
    this.serving.follow(followings);
  }

  /** Lets every thread finish what it is doing, then ends it. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.spare.close();
    const { settings, log } = this.options;
    await Promise.all(
      this.places.threads.map(async (thread) => {
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

  private tell(news: ThreadNews): void {
    const { onTail, onReport } = this.options;
    if (news.kind === 'tail') onTail?.(news.batches);
    else onReport?.(news.id, news.json);
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

  private ended(thread: LiveThread, exitCode: number): void {
    if (thread.isLost || this.isStopping) return;
    this.options.log.error({ thread: thread.index, exitCode }, 'data thread ended and is replaced');
    this.lose(thread, 'ended');
  }

  /** Takes it out of service at once, and sees to another in its place. */
  private lose(thread: LiveThread, reason: LossReason): void {
    thread.isLost = true;
    thread.unwatch?.();
    const pluginRow = thread.row.running;
    thread.row.isServing = false;
    if (this.isStopping) return;
    const lastedMs = performance.now() - thread.startedAtMs;
    if (this.spare.replaces(thread, lastedMs)) return;
    if (this.serving.remove(thread)) this.options.onLost?.({ thread: thread.index, reason, pluginRow });
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
    if (this.isStopping || this.serving.count >= this.threadCount) return;
    const thread = this.spare.take() ?? this.places.startAnywhere();
    if (thread === undefined) {
      this.refillIn(this.backOff.nextMs(0)); // threads that were ended still hold their places
      return;
    }
    try {
      await this.serving.catchUp(thread);
      // A port that is not shared can be had only when the thread before has left it.
      if (this.threadCount === 1) await this.places.lostHaveLeft(exitTimeoutMs);
      await this.listen(thread, this.threadCount > 1);
    } catch (error) {
      this.options.log.error({ err: error, thread: thread.index }, 'replacement of a data thread failed');
      if (!thread.isLost) this.lose(thread, 'ended');
      void thread.terminate();
      return;
    }
    this.spare.startIn(nextSpareDelayMs);
  }
}
