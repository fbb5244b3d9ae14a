import { createServer } from 'node:net';
import { MessageChannel, Worker } from 'node:worker_threads';
import { AppError } from '@torii/contracts';
import { serveKv } from '@torii/kv';
import type { Logger } from '@torii/service-kit';
import type { PluginMaps } from '../config/plugin-maps.js';
import { InTurn } from './in-turn.js';
import { ThreadLink, ThreadSystemError } from './thread-link.js';
import type { CompiledSnapshot, ThreadSettings } from './thread-messages.js';

export interface DataThreadsOptions {
  readonly settings: Omit<ThreadSettings, 'index' | 'kvPort' | 'threadCount'>;
  readonly threadCount: number;
  readonly proxyPort: number;
  readonly activationTimeoutMs: number;
  readonly maps: PluginMaps;
  readonly log: Logger;
}

const listenTimeoutMs = 10_000;
const commitTimeoutMs = 10_000;
const respawnDelayMs = 500;
/** What a drain may take beyond the time its requests get. */
const drainGraceMs = 1_000;
const entry = new URL('./data-thread.js', import.meta.url);

interface LiveThread {
  readonly index: number;
  readonly worker: Worker;
  readonly link: ThreadLink;
}

/** The data threads of a node: started, told of configurations, replaced when one ends. */
export class DataThreads {
  private readonly live = new Map<number, LiveThread>();
  private port = 0;
  private threadCount: number;
  private active: CompiledSnapshot | undefined;
  private isStopping = false;
  /** Activations and replacements in turn: a thread has one staged configuration, and must not commit another's. */
  private readonly turns = new InTurn();

  constructor(private readonly options: DataThreadsOptions) {
    this.threadCount = options.threadCount;
  }

  get proxyPort(): number {
    return this.port;
  }

  get liveCount(): number {
    return this.live.size;
  }

  get wantedCount(): number {
    return this.threadCount;
  }

  /** Resolves when every thread listens. Rejects with the system's error when the port cannot be had. */
  async start(): Promise<void> {
    const { settings, proxyPort, log } = this.options;
    // Shared listeners do not notice each other: without this look, a second node on the port would take half the requests.
    if (proxyPort !== 0) await assertPortIsFree(settings.proxyHost, proxyPort);
    this.port = proxyPort;
    const first = this.spawn(0);
    try {
      this.port = (await first.link.ask({ kind: 'listen', port: proxyPort, isShared: this.threadCount > 1 }, listenTimeoutMs)) ?? proxyPort;
    } catch (error) {
      if (this.threadCount === 1 || !isUnsupported(error)) throw error;
      log.warn('this system cannot share a port between threads: serving with one data thread');
      this.threadCount = 1;
      this.port = (await first.link.ask({ kind: 'listen', port: proxyPort, isShared: false }, listenTimeoutMs)) ?? proxyPort;
    }
    const others = Array.from({ length: this.threadCount - 1 }, (_, index) => this.spawn(index + 1));
    await Promise.all(others.map((thread) => this.listen(thread)));
  }

  /** All threads take the configuration over, or none does; throws what the first one refused it with. */
  activate(snapshot: CompiledSnapshot): Promise<void> {
    return this.turns.run(() => this.activateNow(snapshot));
  }

  /** Lets every thread finish what it is doing, then ends it. */
  async stop(): Promise<void> {
    this.isStopping = true;
    const timeoutMs = this.options.settings.shutdownTimeoutMs + drainGraceMs;
    await Promise.all(
      [...this.live.values()].map(async ({ worker, link }) => {
        await link
          .ask({ kind: 'drain' }, timeoutMs)
          .catch((error: unknown) => this.options.log.warn({ err: error }, 'data thread not drained in time'));
        await worker.terminate();
      }),
    );
  }

  private async activateNow(snapshot: CompiledSnapshot): Promise<void> {
    const threads = [...this.live.values()];
    // Nobody has tried it, and a configuration that was never tried must not become the one that threads start with.
    if (threads.length === 0) throw new AppError('platform.internal', { detail: 'no data thread is there to take the configuration over' });
    const staged = await Promise.allSettled(threads.map(({ link }) => link.ask({ kind: 'stage', snapshot }, this.options.activationTimeoutMs)));
    const refusal = staged.find((result) => result.status === 'rejected');
    if (refusal !== undefined) {
      await Promise.allSettled(threads.map(({ link }) => link.ask({ kind: 'discard' }, commitTimeoutMs)));
      throw refusal.reason;
    }
    this.active = snapshot;
    await Promise.all(threads.map(({ link }) => link.ask({ kind: 'commit' }, commitTimeoutMs)));
  }

  private spawn(index: number): LiveThread {
    const { settings, maps, log } = this.options;
    const { port1, port2 } = new MessageChannel();
    serveKv(port1, (pluginId) => maps.storeFor(pluginId));
    const workerData: ThreadSettings = { ...settings, index, threadCount: this.threadCount, kvPort: port2 };
    const worker = new Worker(entry, { workerData, transferList: [port2], execArgv: ['--disable-warning=ExperimentalWarning'] });
    const thread: LiveThread = { index, worker, link: new ThreadLink(worker) };
    this.live.set(index, thread);
    worker.once('error', (error) => log.error({ err: error, thread: index }, 'data thread failed'));
    worker.once('exit', (exitCode) => {
      port1.close();
      this.live.delete(index);
      if (this.isStopping) return;
      log.error({ thread: index, exitCode }, 'data thread ended and is replaced');
      this.replaceLater(index);
    });
    return thread;
  }

  private replaceLater(index: number): void {
    const onError = (error: unknown): void => {
      // The system has no thread for us at the moment.
      this.options.log.error({ err: error, thread: index }, 'data thread not started');
      this.replaceLater(index);
    };
    setTimeout(() => void this.turns.run(() => this.replace(index)).catch(onError), respawnDelayMs).unref();
  }

  private async replace(index: number): Promise<void> {
    if (this.isStopping) return;
    const thread = this.spawn(index);
    try {
      if (this.active !== undefined) {
        await thread.link.ask({ kind: 'stage', snapshot: this.active }, this.options.activationTimeoutMs);
        await thread.link.ask({ kind: 'commit' }, commitTimeoutMs);
      }
      await this.listen(thread);
    } catch (error) {
      this.options.log.error({ err: error, thread: index }, 'replacement of a data thread failed');
      await thread.worker.terminate(); // whose exit brings the next try
    }
  }

  private async listen(thread: LiveThread): Promise<void> {
    await thread.link.ask({ kind: 'listen', port: this.port, isShared: this.threadCount > 1 }, listenTimeoutMs);
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
