import { Inject, Injectable } from '@nestjs/common';
import { AppError, type BuilderRunRequest, type BuilderStatus, type FunctionEntity, type FunctionRun, FunctionRunRequest } from '@torii/contracts';
import type { Logger, Secret } from '@torii/service-kit';
import { ArtifactsService } from '../artifacts/artifacts.service.js';
import { requireScopes } from '../auth/principal.js';
import type { Env } from '../env.js';
import { findFunction } from '../functions/functions.queries.js';
import type { JsonObject } from '../http/merge-patch.js';
import type { RequestContext } from '../http/request-context.js';
import { LanguagesService } from '../languages/languages.service.js';
import { BoundedGate } from '../platform/bounded-gate.js';
import { ENV, LOGGER, NODE_TOKEN } from '../platform/tokens.js';
import { PrismaService } from '../prisma/prisma.service.js';
import { readEntity } from '../writes/entity-input.js';
import { BuilderUnavailable, runOnBuilder } from './builder-client.js';
import { builderRunRequest } from './run-request.js';

/** What a builder may need beside the call itself: it fetches the module, prepares it, and may have others before it. */
const marginMs = 40_000;
const waitTimeoutMs = 10_000;

/** Calls a built version on a builder, outside of any route. */
@Injectable()
export class RunsService {
  private readonly gate: BoundedGate;

  constructor(
    private readonly prisma: PrismaService,
    private readonly artifacts: ArtifactsService,
    private readonly languages: LanguagesService,
    @Inject(NODE_TOKEN) private readonly nodeToken: Secret,
    @Inject(LOGGER) private readonly log: Logger,
    @Inject(ENV) env: Env,
  ) {
    const runningMax = env.builds.runsMax;
    this.gate = new BoundedGate({ runningMax, waitingMax: 4 * runningMax, waitTimeoutMs });
  }

  /** Throws `client.forbidden` when the function would reach what only a plugin may that was allowed to. */
  async run(reference: string, body: JsonObject, context: RequestContext): Promise<FunctionRun> {
    const request = readEntity(body, { schema: FunctionRunRequest, readOnly: [] });
    const entity = await findFunction(this.prisma, reference);
    if (entity === undefined) throw new AppError('client.not_found', { detail: 'there is no function with this name or id' });
    const artifact = await this.artifacts.get(await this.moduleOf(entity, request.version));
    const asked = builderRunRequest(request, entity.settings, artifact);
    if (asked.settings.allowPrivate) requireScopes(context, ['plugins:write'], 'a run with allowPrivate');
    return this.gate.run(() => this.runOnAny(asked));
  }

  /** `dev` where it was built, else the latest release, unless the request names one. */
  private async moduleOf(entity: FunctionEntity, wanted: string | undefined): Promise<string> {
    const fallback = entity.devBuiltAt === null ? entity.latestVersion : 'dev';
    const version = wanted === 'latest' ? entity.latestVersion : (wanted ?? fallback);
    const where = { functionId_version: { functionId: entity.id, version: version ?? '' } };
    const row = version === null ? null : await this.prisma.functionVersion.findUnique({ where, select: { sha256: true } });
    if (row !== null) return row.sha256;
    const isBuilt = fallback !== null;
    const detail = isBuilt
      ? `${entity.name} has no version ${wanted}`
      : `${entity.name} is not built yet: POST to /api/v1/functions/${entity.name}/builds`;
    throw new AppError('client.invalid', { detail, issues: [{ pointer: '/version', detail, code: 'unknown_reference' }] });
  }

  /** One builder after another, those with the most room first, until one takes it. */
  private async runOnAny(request: BuilderRunRequest): Promise<FunctionRun> {
    const builders = (await this.languages.builders()).sort((one, other) => loadOf(one) - loadOf(other));
    const timeoutMs = request.settings.limits.wallMs + marginMs;
    for (const builder of builders) {
      try {
        return await runOnBuilder(builder, request, { nodeToken: this.nodeToken, timeoutMs });
      } catch (error) {
        if (!(error instanceof BuilderUnavailable)) throw error;
        this.log.warn({ err: error, builder: builder.id }, 'builder takes no run');
      }
    }
    const detail = builders.length === 0 ? 'no builder is alive to run it: start one' : 'no builder can be reached, or all are busy: try again later';
    throw new AppError('capacity.overloaded', { detail });
  }
}

function loadOf({ running, slots }: BuilderStatus): number {
  return slots === 0 ? 1 : running / slots;
}
