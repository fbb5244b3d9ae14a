import { Inject, Injectable } from '@nestjs/common';
import { isGone, NodeRegistry, nodeRetentionMs } from '@torii/config-sync';
import { AppError, type List, type Node, type NodeStatus } from '@torii/contracts';
import type { Clock } from '@torii/service-kit';
import { z } from 'zod';
import { decodeCursor, pageOf } from '../http/cursor.js';
import type { PageQuery } from '../http/query.js';
import { CLOCK } from '../platform/tokens.js';
import { type ConfigPosition, RevisionsService } from '../snapshots/revisions.service.js';
import { progressOf } from './applied-tally.js';

const Position = z.strictObject({ id: z.string() });

/** Who runs which revision, who refused it and why. */
@Injectable()
export class NodesService {
  constructor(
    private readonly registry: NodeRegistry,
    private readonly revisions: RevisionsService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async list(query: PageQuery): Promise<List<Node>> {
    const nodes = await this.all();
    const after = query.cursor === undefined ? '' : decodeCursor(Position, query.cursor).id;
    const rest = nodes.filter((node) => node.id > after).slice(0, query.limit + 1);
    return pageOf(
      rest,
      query.limit,
      (node) => node,
      ({ id }) => ({ id }),
    );
  }

  async get(id: string): Promise<Node> {
    const node = (await this.all()).find((candidate) => candidate.id === id);
    if (node === undefined) throw new AppError('client.not_found', { detail: 'there is no node with this id' });
    return node;
  }

  /** By id. Nodes silent for longer than the retention are forgotten. Throws `platform.redis`. */
  private async all(): Promise<Node[]> {
    const now = this.clock.date();
    const position = await this.revisions.current();
    try {
      const statuses = await this.registry.list();
      const isForgotten = (status: NodeStatus): boolean => now.getTime() - Date.parse(status.heartbeatAt) > nodeRetentionMs;
      await this.registry.forget(statuses.filter(isForgotten).map(({ id }) => id));
      return statuses.filter((status) => !isForgotten(status)).map((status) => toNode(status, position, now));
    } catch (error) {
      throw new AppError('platform.redis', { cause: error });
    }
  }
}

function toNode(status: NodeStatus, position: ConfigPosition, now: Date): Node {
  return { ...status, state: isGone(status, now) ? 'gone' : progressOf(status, position) };
}
