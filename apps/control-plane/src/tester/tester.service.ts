import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { isGone, NodeRegistry } from '@torii/config-sync';
import {
  AppError,
  type DebugToken,
  DebugTokenRequest,
  debugHeader,
  defaultWorkspace,
  type NodeStatus,
  nodeOfReport,
  type Report,
  type Scope,
  type TesterAnswer,
  TesterRequest,
  type Trial,
} from '@torii/contracts';
import { type Clock, debugTokenKey, type Logger, type Secret, signDebugToken } from '@torii/service-kit';
import { requireScopes } from '../auth/principal.js';
import { Answer } from '../http/answer.js';
import { invalid } from '../http/invalid.js';
import type { JsonObject } from '../http/merge-patch.js';
import type { RequestContext } from '../http/request-context.js';
import { progressOf } from '../nodes/applied-tally.js';
import { BoundedGate } from '../platform/bounded-gate.js';
import { NotReached } from '../platform/internal-call.js';
import { CLOCK, LOGGER, NODE_TOKEN } from '../platform/tokens.js';
import { PrismaService } from '../prisma/prisma.service.js';
import { findRoute } from '../routes/routes.queries.js';
import { debugEpoch, startDebugEpoch } from '../settings/settings.queries.js';
import { RevisionsService } from '../snapshots/revisions.service.js';
import { ConfigWriter } from '../writes/config-writer.service.js';
import { readEntity } from '../writes/entity-input.js';
import { assembleDraft } from './assemble-draft.js';
import { reportOnNode, tryOnNode } from './node-client.js';
import { triedRequest } from './tried-request.js';

const gateLimits = { runningMax: 32, waitingMax: 64, waitTimeoutMs: 10_000 };
const draftReadTimeoutMs = 20_000;

/** Has nodes try requests, and gives out tokens for requests that are to be reported. */
@Injectable()
export class TesterService {
  private readonly gate = new BoundedGate(gateLimits);
  private readonly key: Uint8Array;

  constructor(
    private readonly prisma: PrismaService,
    private readonly registry: NodeRegistry,
    private readonly revisions: RevisionsService,
    private readonly writer: ConfigWriter,
    @Inject(NODE_TOKEN) private readonly nodeToken: Secret,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly log: Logger,
  ) {
    this.key = debugTokenKey(nodeToken);
  }

  /** Throws `platform.no_node` and `platform.node_silent`; what the request does, whatever it is, is an answer. */
  async run(body: JsonObject, context: RequestContext): Promise<TesterAnswer> {
    const { request, node, timeoutMs, draft } = readEntity(body, { schema: TesterRequest, readOnly: [] });
    if (draft !== undefined) requireScopes(context, draftScopes(draft), 'a draft');
    const wire = triedRequest(request);
    return this.gate.run(async () => {
      const assembled = draft === undefined ? {} : { draft: await this.assemble(draft) };
      return this.tryOnAny(await this.candidates(node), { ...wire, timeoutMs, ...assembled });
    });
  }

  async report(id: string): Promise<Report> {
    const nodeId = nodeOfReport(id);
    if (nodeId === undefined) throw new AppError('client.not_found', { detail: 'this is no id of a report' });
    const [node] = (await this.nodes()).filter((one) => one.id === nodeId);
    if (node === undefined) throw new AppError('client.not_found', { detail: 'the node that made this report is gone, and its reports with it' });
    try {
      return await reportOnNode(node, id, this.nodeToken);
    } catch (error) {
      throw error instanceof NotReached ? unreachable(node, error) : error;
    }
  }

  async token(body: JsonObject, context: RequestContext): Promise<DebugToken> {
    const { route: reference, expiresInSeconds } = readEntity(body, { schema: DebugTokenRequest, readOnly: [] });
    const route = reference === undefined ? undefined : await findRoute(this.prisma, reference);
    if (reference !== undefined && route === undefined)
      throw invalid([{ pointer: '/route', detail: `there is no route "${reference}"`, code: 'unknown_reference' }]);
    const exp = Math.floor(this.clock.date().getTime() / 1000) + expiresInSeconds;
    const epoch = await debugEpoch(this.prisma);
    const token = signDebugToken(this.key, { exp, route: route?.id, epoch });
    this.log.info({ actor: context.actor, route: route?.name, expiresInSeconds }, 'debug token given out');
    return {
      token,
      header: debugHeader,
      expiresAt: new Date(exp * 1000).toISOString(),
      route: route === undefined ? null : { id: route.id, name: route.name },
    };
  }

  /** Those that are given out from now on are of another epoch. */
  revokeTokens(context: RequestContext): Promise<Answer> {
    return this.writer.run(context, undefined, async (write) => {
      const epoch = randomUUID();
      await startDebugEpoch(write.tx, epoch, write.now);
      write.record({
        action: 'update',
        entityKind: 'settings',
        entityId: defaultWorkspace,
        entityName: 'debug tokens',
        after: { debugEpoch: epoch },
      });
      return new Answer(204, undefined);
    });
  }

  private assemble(draft: NonNullable<TesterRequest['draft']>): Promise<Trial['draft']> {
    return this.prisma.$transaction((tx) => assembleDraft(tx, draft), { isolationLevel: 'RepeatableRead', timeout: draftReadTimeoutMs });
  }

  /** The one that is asked for, or those of that name, or all live ones, those that serve the newest revision first. */
  private async candidates(wanted: string | undefined): Promise<NodeStatus[]> {
    const nodes = await this.nodes();
    const now = this.clock.date();
    if (wanted !== undefined) {
      if (!nodes.some((node) => isCalled(node, wanted)))
        throw invalid([
          { pointer: '/node', detail: 'there is no node with this id or name: GET /api/v1/nodes lists them', code: 'unknown_reference' },
        ]);
    }
    const position = await this.revisions.current();
    const meant = nodes.filter((node) => wanted === undefined || isCalled(node, wanted));
    const live = meant.filter((node) => !isGone(node, now));
    const [gone] = meant;
    if (wanted !== undefined && live.length === 0 && gone !== undefined)
      throw new AppError('platform.no_node', { detail: `node ${gone.id} was not heard of since ${gone.heartbeatAt}` });
    const rank = (node: NodeStatus): number => (progressOf(node, position) === 'applied' ? 0 : 1);
    return live
      .map((node) => ({ node, at: rank(node) + Math.random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ node }) => node);
  }

  /** One after the other until one takes it; one that may have begun is the last. */
  private async tryOnAny(nodes: readonly NodeStatus[], trial: Trial): Promise<TesterAnswer> {
    let failure = new AppError('platform.no_node', { detail: 'no node is alive: start one' });
    for (const node of nodes) {
      try {
        return await tryOnNode(node, trial, this.nodeToken);
      } catch (error) {
        if (!(error instanceof NotReached)) throw error;
        this.log.warn({ err: error, node: node.id, url: node.internalUrl }, 'node cannot be reached');
        failure = unreachable(node, error);
      }
    }
    throw failure;
  }

  private async nodes(): Promise<NodeStatus[]> {
    try {
      return await this.registry.list();
    } catch (error) {
      throw new AppError('platform.redis', { cause: error });
    }
  }
}

/** What saving the parts of the draft would need. */
function draftScopes({ plugins, settings }: NonNullable<TesterRequest['draft']>): Scope[] {
  return [
    'routes:write',
    ...(plugins.length > 0 ? (['plugins:write'] as const) : []),
    ...(settings === undefined ? [] : (['settings:write'] as const)),
  ];
}

function isCalled({ id, name }: NodeStatus, wanted: string): boolean {
  return id === wanted || name === wanted;
}

function unreachable(node: NodeStatus, cause: Error): AppError {
  return new AppError('platform.no_node', { detail: `node ${node.id} cannot be reached at ${node.internalUrl}`, cause });
}
