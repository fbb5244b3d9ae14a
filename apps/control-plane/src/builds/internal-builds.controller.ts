import type { Readable } from 'node:stream';
import { Body, Controller, Get, Header, Headers, Param, Put, Res } from '@nestjs/common';
import { AppError, type Artifact, type CachedBuild, Sha256, type SourceTree } from '@torii/contracts';
import type { FastifyReply } from 'fastify';
import { ArtifactsService } from '../artifacts/artifacts.service.js';
import { ForNodes } from '../auth/require-scope.decorator.js';
import { SourceStore } from '../functions/source-store.js';
import { UploadPipe } from '../http/body.pipe.js';
import { Context, type RequestContext } from '../http/request-context.js';
import { BuildCacheService } from './build-cache.service.js';

/** For builders, with the node token; not part of the admin API. */
@Controller('internal')
export class InternalBuildsController {
  constructor(
    private readonly sources: SourceStore,
    private readonly cache: BuildCacheService,
    private readonly artifacts: ArtifactsService,
  ) {}

  /** The sources with that hash: a `SourceTree`. */
  @Get('sources/:sha256')
  @ForNodes()
  @Header('cache-control', 'no-store')
  source(@Param('sha256') sha256: string): Promise<SourceTree> {
    return this.sources.read(parseSha256(sha256));
  }

  @Get('build-cache/:key')
  @ForNodes()
  @Header('cache-control', 'no-store')
  cached(@Param('key') key: string): Promise<CachedBuild> {
    return this.cache.find(parseSha256(key));
  }

  /** 201 with the artifact, 200 when it was there; 422 when the bytes have another hash. */
  @Put('artifacts/:sha256')
  @ForNodes()
  async upload(
    @Param('sha256') sha256: string,
    @Body(UploadPipe) body: Readable,
    @Headers('content-length') length: string | undefined,
    @Context() context: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Artifact> {
    const by = { ...context, actor: 'builder' };
    const answer = await this.artifacts.upload(body, length === undefined ? undefined : Number(length), by, parseSha256(sha256));
    void reply.status(answer.status);
    return answer.body;
  }
}

function parseSha256(text: string): Sha256 {
  const sha256 = Sha256.safeParse(text).data;
  if (sha256 === undefined) throw new AppError('client.not_found', { detail: 'the address must end with a sha256' });
  return sha256;
}
