import { Injectable } from '@nestjs/common';
import { BuildQueues } from '@torii/build-queue';
import { PrismaService } from '../prisma/prisma.service.js';
import { lockHead } from './builds.queries.js';

/**
 * Puts builds into the queue: of each function one at a time, the oldest first. So builds of a function run in order, and
 * functions take turns, however many builds one of them has waiting.
 */
@Injectable()
export class BuildDispatcher {
  constructor(
    private readonly prisma: PrismaService,
    private readonly queues: BuildQueues,
  ) {}

  /**
   * Makes sure that the build of the function whose turn it is, if any, is in the queue. Rejects when Redis or the
   * database is away; the reconciliation does it then.
   *
   * The row is held meanwhile: nobody can end the build, and take its job away, just before the job is added.
   */
  async dispatch(functionId: string): Promise<void> {
    await this.prisma.$transaction(async (tx) => {
      const job = await lockHead(tx, functionId);
      if (job !== undefined) await this.queues.add(job);
    });
  }
}
