import { Inject, Injectable, type OnModuleDestroy, StreamableFile } from '@nestjs/common';
import { BuildLogReader } from '@torii/build-queue';
import { AppError, type BuildId } from '@torii/contracts';
import type { Logger } from '@torii/service-kit';
import type { Env } from '../env.js';
import { Answer } from '../http/answer.js';
import { eventStream } from '../http/event-stream.js';
import { ENV, LOGGER } from '../platform/tokens.js';
import { PrismaService } from '../prisma/prisma.service.js';
import { isFinished } from './builds.queries.js';
import { FinishedBuilds } from './finished-builds.js';
import { isAfter, keptLog, type NumberedEntry } from './kept-log.js';

interface Log {
  readonly isOver: boolean;
  readonly kept: readonly NumberedEntry[];
}

/** The logs of builds: from Redis while they go on, from their rows afterwards, under the same ids. */
@Injectable()
export class BuildLogsService implements OnModuleDestroy {
  private readonly closing = new AbortController();
  private streams = 0;

  constructor(
    private readonly prisma: PrismaService,
    private readonly reader: BuildLogReader,
    private readonly finished: FinishedBuilds,
    @Inject(ENV) private readonly env: Env,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** Before the server closes: who follows a log comes back, to another control plane or a new one. */
  onModuleDestroy(): void {
    this.closing.abort();
  }

  /** The lines as text, so far. */
  async text(id: string): Promise<Answer<string>> {
    const { isOver, kept } = await this.keptOf(id);
    const entries = isOver ? kept : await this.reader.readAll(id as BuildId).catch(redisAway);
    const lines = entries.flatMap(({ entry }) => (entry.type === 'line' ? [`${entry.text}\n`] : []));
    return new Answer(200, lines.join(''), { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  }

  /** Every entry after `lastEventId`, as it comes, to the end; 204, which ends a client's coming back, for who has all. */
  async follow(id: string, lastEventId: string | undefined): Promise<Answer<StreamableFile | undefined>> {
    const { isOver, kept } = await this.keptOf(id);
    const end = kept.at(-1);
    if (isOver && end?.id === lastEventId) return new Answer(204, undefined);
    if (this.streams >= this.env.builds.logStreamsMax) {
      throw new AppError('capacity.overloaded', { detail: 'too many build logs are followed at once: try again later, or read it as text/plain' });
    }
    this.streams += 1;
    const stream = eventStream((gone) => this.entries(id as BuildId, lastEventId, AbortSignal.any([gone, this.closing.signal])));
    stream.once('close', () => {
      this.streams -= 1;
    });
    const headers = { 'cache-control': 'no-store', 'x-accel-buffering': 'no' };
    return new Answer(200, new StreamableFile(stream, { type: 'text/event-stream' }), headers);
  }

  private async *entries(id: BuildId, lastEventId: string | undefined, gone: AbortSignal): AsyncGenerator<NumberedEntry, void, undefined> {
    let last = lastEventId;
    try {
      let log = await this.keptOf(id);
      if (!log.isOver) {
        for await (const said of this.untilOver(id, last, gone)) {
          last = said.id;
          yield said;
        }
        if (gone.aborted) return;
        log = await this.keptOf(id);
      }
      // Lines of a builder that was given up may have come later than the end, which nobody may miss.
      for (const said of log.kept) if (isAfter(said.id, last) || said.entry.type === 'end') yield said;
    } catch (error) {
      this.log.info({ err: error, build: id }, 'the log of a build broke off');
      throw error;
    }
  }

  /** What builders say until the build is over; its end is only in what is kept. */
  private async *untilOver(id: BuildId, after: string | undefined, gone: AbortSignal): AsyncGenerator<NumberedEntry, void, undefined> {
    const over = new AbortController();
    const isOver = this.finished.wait(id, gone).then(() => over.abort());
    const said = this.reader.read(id, { ...(after === undefined ? {} : { after }), signal: over.signal });
    for await (const stored of said) {
      if (stored.entry.type === 'end') break;
      yield stored;
    }
    await isOver;
  }

  private async keptOf(id: string): Promise<Log> {
    const row = await this.prisma.build.findUnique({ where: { id }, select: { status: true, log: true } });
    if (row === null) throw new AppError('client.not_found', { detail: 'there is no build with this id' });
    return { isOver: isFinished(row.status), kept: row.log === null ? [] : keptLog(row.log) };
  }
}

function redisAway(cause: unknown): never {
  throw new AppError('platform.redis', { cause });
}
