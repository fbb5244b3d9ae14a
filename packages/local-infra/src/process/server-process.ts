import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { guardProcess } from './guard.js';
import { waitUntil } from './wait-until.js';

export interface ServerSpec {
  /** For messages: `postgres`, `valkey`. */
  readonly name: string;
  /** Starts the program; called again each time it died. */
  readonly launch: () => ChildProcess;
  /** Whether that process, and no other server on its port, serves. */
  readonly isReady: (child: ChildProcess) => Promise<boolean>;
  /** What the program last said, for messages. */
  readonly lastWords: () => string;
  readonly startTimeoutMs: number;
  readonly stopSignal: NodeJS.Signals;
  readonly stopTimeoutMs: number;
  readonly onEvent?: ((event: ServerEvent) => void) | undefined;
}

/** What happens to a server by itself. */
export type ServerEvent =
  | { readonly kind: 'died'; readonly server: string; readonly detail: string }
  | { readonly kind: 'restarted'; readonly server: string };

const restartDelaysMs = [50, 200, 1_000, 5_000] as const;
/** After this long a crash counts as the first again. */
const settledAfterMs = 60_000;

/** A server program that is started again when it dies, until it is stopped; ends with our process, however that ends. */
export class ServerProcess {
  private isStopping = false;
  private failures = 0;
  private readyAtMs = 0;
  private restarting: Promise<void> = Promise.resolve();

  private constructor(
    private readonly spec: ServerSpec,
    private life: Life,
  ) {}

  /** Resolves when the server answers. Throws with its last words when it ends or is silent for `startTimeoutMs`. */
  static async start(spec: ServerSpec): Promise<ServerProcess> {
    const server = new ServerProcess(spec, await launchUntilReady(spec));
    server.keepAlive();
    return server;
  }

  /** Of the present life; another one after a restart. */
  get pid(): number {
    return this.life.pid;
  }

  /** Resolves when the program has ended; it is killed when it takes longer than its `stopTimeoutMs`. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await this.restarting;
    await this.life.end(this.spec);
  }

  private keepAlive(): void {
    this.readyAtMs = performance.now();
    void this.life.ended.then((detail) => {
      if (this.isStopping) return;
      this.spec.onEvent?.({ kind: 'died', server: this.spec.name, detail });
      this.restarting = this.restart();
    });
  }

  private async restart(): Promise<void> {
    if (performance.now() - this.readyAtMs > settledAfterMs) this.failures = 0;
    while (!this.isStopping) {
      await sleep(restartDelaysMs[Math.min(this.failures, restartDelaysMs.length - 1)]);
      this.failures++;
      if (this.isStopping) return;
      try {
        this.life = await launchUntilReady(this.spec);
      } catch (error) {
        this.spec.onEvent?.({ kind: 'died', server: this.spec.name, detail: error instanceof Error ? error.message : String(error) });
        continue;
      }
      this.spec.onEvent?.({ kind: 'restarted', server: this.spec.name });
      this.keepAlive();
      return;
    }
  }
}

/** One run of the program. */
class Life {
  readonly pid: number;
  /** Resolves with how it ended. */
  readonly ended: Promise<string>;
  hasEnded = false;

  constructor(
    private readonly child: ChildProcess,
    signal: NodeJS.Signals,
  ) {
    this.pid = child.pid ?? 0;
    const release = child.pid === undefined ? () => {} : guardProcess(child.pid, signal);
    this.ended = new Promise((resolve) => {
      const onEnd = (how: string): void => {
        this.hasEnded = true;
        release();
        resolve(how);
      };
      child.once('error', (error) => onEnd(error.message));
      child.once('exit', (code, by) => onEnd(by === null ? `exited with ${code}` : `was ended by ${by}`));
    });
  }

  async end(spec: Pick<ServerSpec, 'stopSignal' | 'stopTimeoutMs'>): Promise<void> {
    if (this.hasEnded) return;
    this.child.kill(spec.stopSignal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), spec.stopTimeoutMs);
    await this.ended;
    clearTimeout(timer);
  }
}

async function launchUntilReady(spec: ServerSpec): Promise<Life> {
  const child = spec.launch();
  const life = new Life(child, spec.stopSignal);
  let how = 'did not answer';
  void life.ended.then((detail) => {
    how = detail;
  });
  const isReady = await waitUntil(async () => life.hasEnded || (await spec.isReady(child)), spec.startTimeoutMs);
  if (isReady && !life.hasEnded) return life;
  await life.end({ stopSignal: 'SIGKILL', stopTimeoutMs: spec.stopTimeoutMs });
  throw new Error(`${spec.name} ${how}: ${spec.lastWords()}`);
}
