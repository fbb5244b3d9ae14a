import { Controller, Get } from '@nestjs/common';
import { Language, type List, listOf } from '@torii/contracts';
import { RequireScope } from '../auth/require-scope.decorator.js';
import { Operation } from '../openapi/operation.decorator.js';
import { LanguagesService } from './languages.service.js';

@Controller('api/v1/languages')
export class LanguagesController {
  constructor(private readonly languages: LanguagesService) {}

  @Get()
  @RequireScope('functions:read')
  @Operation({
    summary: 'List languages',
    description:
      'Every language there is a compiler for. `available` says whether a builder that is alive has it, and is null while there is none to ask; ' +
      '`reason` says why not, and what to do.',
    answers: { 200: { description: 'All of them', schema: listOf(Language) } },
  })
  list(): Promise<List<Language>> {
    return this.languages.list();
  }
}
