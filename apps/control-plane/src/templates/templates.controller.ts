import { Controller, Get, Param } from '@nestjs/common';
import { AppError, LanguageName, type List, listOf, PluginKind, Template, TemplateWithFiles } from '@torii/contracts';
import { listTemplates, readTemplate } from '@torii/templates';
import { z } from 'zod';
import { RequireScope } from '../auth/require-scope.decorator.js';
import { ParsedQuery } from '../http/request-context.js';
import { Operation } from '../openapi/operation.decorator.js';

const TemplateQuery = z.strictObject({
  language: LanguageName.optional().meta({ description: 'Only templates in this language' }),
  kind: PluginKind.optional().meta({ description: 'Only templates of plugins of this kind' }),
});
type TemplateQuery = z.infer<typeof TemplateQuery>;

@Controller('api/v1/templates')
export class TemplatesController {
  @Get()
  @RequireScope('functions:read')
  @Operation({
    summary: 'List templates',
    description: 'Sources to begin a function with, without their files.',
    query: TemplateQuery,
    answers: { 200: { description: 'All that fit, by language and name', schema: listOf(Template) } },
  })
  list(@ParsedQuery() { language, kind }: TemplateQuery): List<Template> {
    const fits = (template: Template): boolean => template.language === (language ?? template.language) && template.kind === (kind ?? template.kind);
    return { items: listTemplates().filter(fits), nextCursor: null };
  }

  @Get(':language/:template')
  @RequireScope('functions:read')
  @Operation({
    summary: 'Read a template with its files',
    answers: { 200: { description: 'The template', schema: TemplateWithFiles } },
    problems: [404],
  })
  get(@Param('language') language: string, @Param('template') name: string): TemplateWithFiles {
    const template = readTemplate(language, name);
    if (template !== undefined) return template;
    const names = listTemplates().filter((one) => one.language === language);
    const detail = `there is no template ${name} of ${language}; there are ${names.map((one) => one.name).join(', ') || 'none'}`;
    throw new AppError('client.not_found', { detail });
  }
}
