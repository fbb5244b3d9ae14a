import { Injectable } from '@nestjs/common';
import { BuilderRegistry } from '@torii/build-queue';
import { AppError, type BuilderStatus, type Language, type List } from '@torii/contracts';
import { languageTable } from './language-table.js';

/** What can be built, as the builders that are alive say. */
@Injectable()
export class LanguagesService {
  constructor(private readonly registry: BuilderRegistry) {}

  async list(): Promise<List<Language>> {
    return { items: languageTable(await this.builders()), nextCursor: null };
  }

  /** Those heard of in the last seconds. Throws `platform.redis`. */
  async builders(): Promise<BuilderStatus[]> {
    try {
      return await this.registry.list();
    } catch (error) {
      throw new AppError('platform.redis', { cause: error });
    }
  }
}
