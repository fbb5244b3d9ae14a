import { createHash } from 'node:crypto';
import { BuilderRegistry, BuildIntake, BuildLogWriter, buildKeys, type HoldTimes, type TakenBuild } from '@torii/build-queue';
import type { BuilderId, BuilderStatus, BuildOutcome, LanguageStatus } from '@torii/contracts';
import { connectRedis, createLogger, systemClock } from '@torii/service-kit';
import { eventually } from '@torii/test-kit';
import { v7 } from 'uuid';
import { aModule } from './api-client.js';
import type { TestControlPlane } from './control-plane.js';

const finished = { timings: { compiling: 1 }, warnings: [] };
const lookIntervalMs = 100;
const announceIntervalMs = 3_000;

export const javascript: LanguageStatus = { name: 'javascript', available: true, toolchain: { engine: '1.0.0' } };

export interface BuilderOptions {
  /** What it does with a build; stores a module and says that it succeeded, unless told otherwise. */
  readonly work?: (taken: TakenBuild, builder: TestBuilder) => Promise<BuildOutcome>;
  readonly languages?: readonly LanguageStatus[];
  readonly internalUrl?: string;
  readonly running?: number;
  /** For how long a build is held for it when it does not say that it is still there; as builders do unless given. */
  readonly hold?: HoldTimes;
}

/** Takes builds of JavaScript from the real queue, one at a time, and ends them as a test wants. */
export class TestBuilder {
  readonly id = `br_${v7()}` as BuilderId;
  /** Builds that it has taken, in order. */
  readonly taken: string[] = [];
  private readonly intake: BuildIntake;
  private readonly registry: BuilderRegistry;
  private readonly connections;
  private readonly timers: readonly NodeJS.Timeout[];
  private readonly keys;
  private isBusy = false;
  private isStopped = false;
  private working: Promise<void> | undefined;
  private announcing: Promise<void> | undefined;

  private constructor(
    private readonly torii: TestControlPlane,
    private readonly options: BuilderOptions,
  ) {
    const log = createLogger({ level: 'silent', app: 'test-builder' });
    this.connections = ['redis', 'subscriber'].map((name) => connectRedis(torii.redisUrl, { name, log, commandTimeoutMs: 20_000 }));
    this.keys = buildKeys(torii.keyPrefix);
    this.registry = new BuilderRegistry(this.redis, this.keys);
    const onArrival = (): void => this.look();
    this.intake = new BuildIntake({ redis: this.redis, subscriber: this.subscriber, keys: this.keys, onArrival, hold: options.hold });
    this.timers = [setInterval(() => this.look(), lookIntervalMs), setInterval(() => this.announceAgain(), announceIntervalMs)];
  }

  static async start(torii: TestControlPlane, options: BuilderOptions = {}): Promise<TestBuilder> {
    const builder = new TestBuilder(torii, options);
    await eventually(() => builder.connections.every(({ status }) => status === 'ready'));
    await builder.announce();
    builder.intake.open('javascript');
    builder.look();
    return builder;
  }

  /** It is alive for the next seconds, and says so again until it is stopped. */
  private async announce(): Promise<void> {
    const { languages = [javascript], internalUrl = 'http://127.0.0.1:1', running = 0 } = this.options;
    const status: BuilderStatus = {
      id: this.id,
      host: 'test',
      internalUrl,
      languages: [...languages],
      running,
      slots: 4,
      at: new Date().toISOString(),
    };
    await this.registry.announce(status);
  }

  /** Writes lines into the log of a build, and waits until they are there. */
  async say({ job }: TakenBuild, ...lines: string[]): Promise<void> {
    const writer = new BuildLogWriter(this.redis, this.keys, job.buildId, systemClock);
    for (const text of lines) writer.append({ type: 'line', at: new Date().toISOString(), stream: 'stdout', text });
    await writer.close();
  }

  /** Stores a module, as every builder does, and says that the build made it. */
  async succeed(taken: TakenBuild, bytes?: Uint8Array): Promise<BuildOutcome> {
    const module = bytes ?? (await aModule('', 'handle'));
    const sha256 = createHash('sha256').update(module).digest('hex');
    const { status } = await this.torii.asNode('PUT', `/internal/artifacts/${sha256}`, module);
    if (status !== 200 && status !== 201) throw new Error(`the upload was answered ${status}`);
    const cacheKey = createHash('sha256').update(taken.job.sourceSha256).digest('hex');
    const toolchain = { engine: '1.0.0' };
    return { status: 'succeeded', sha256, cacheKey, cached: false, toolchain, smoke: null, ...finished, attempts: taken.attempts };
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    for (const timer of this.timers) clearInterval(timer);
    await Promise.all([this.working, this.announcing]);
    await this.registry.withdraw(this.id).catch(() => undefined);
    await this.intake.closeAll().catch(() => undefined);
    for (const connection of this.connections) connection.disconnect();
  }

  private get redis() {
    return this.connections[0] as ReturnType<typeof connectRedis>;
  }

  private get subscriber() {
    return this.connections[1] as ReturnType<typeof connectRedis>;
  }

  private announceAgain(): void {
    this.announcing ??= this.announce()
      .catch(() => undefined)
      .finally(() => {
        this.announcing = undefined;
      });
  }

  private look(): void {
    if (this.isBusy || this.isStopped) return;
    this.isBusy = true;
    this.working = this.takeAll()
      .catch(() => undefined)
      .finally(() => {
        this.isBusy = false;
      });
  }

  private async takeAll(): Promise<void> {
    for (;;) {
      const taken = this.isStopped ? undefined : await this.intake.take('javascript');
      if (taken === undefined) return;
      this.taken.push(taken.job.buildId);
      try {
        await taken.complete(await (this.options.work ?? ((one) => this.succeed(one)))(taken, this));
      } catch (error) {
        await taken.fail(error as Error).catch(() => taken.abandon());
      }
    }
  }
}
