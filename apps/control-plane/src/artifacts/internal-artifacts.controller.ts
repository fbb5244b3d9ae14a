import { Controller, Get, Header, Param, type StreamableFile } from '@nestjs/common';
import { ForNodes } from '../auth/require-scope.decorator.js';
import { ArtifactsService } from './artifacts.service.js';

/** For nodes, with the node token; not part of the admin API. */
@Controller('internal/artifacts')
export class InternalArtifactsController {
  constructor(private readonly artifacts: ArtifactsService) {}

  @Get(':sha256')
  @ForNodes()
  @Header('cache-control', 'no-store')
  async content(@Param('sha256') sha256: string): Promise<StreamableFile | undefined> {
    return (await this.artifacts.content(sha256)).body;
  }
}
