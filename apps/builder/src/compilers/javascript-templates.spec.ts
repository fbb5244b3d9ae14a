import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FunctionSettings, type TemplateWithFiles } from '@torii/contracts';
import { listTemplates, readTemplate } from '@torii/templates';
import { compileFiles } from '../../test/a-script.js';
import { javascriptTemplateAnswers } from '../../test/javascript-template-answers.js';
import { sourcesOf, TemplateRuns } from '../../test/template-runs.js';
import { verifyArtifact } from '../verify/verify-artifact.js';

const names = Object.keys(javascriptTemplateAnswers);

function build(template: TemplateWithFiles): Promise<Uint8Array> {
  return compileFiles(sourcesOf(template), template.files[0]?.path ?? '');
}

describe.each(['javascript', 'typescript'] as const)('templates in %s', (language) => {
  let runs: TemplateRuns;
  beforeAll(async () => {
    runs = await TemplateRuns.start();
  });
  afterAll(() => runs.close());

  it('are these', () => {
    const templates = listTemplates().filter((template) => template.language === language);
    expect(templates.map(({ name }) => name).sort()).toEqual([...names].sort());
  });

  // Each in one of the two languages, which differ in types alone; in both by javascript-templates.long.spec.ts.
  const isRun = (_: string, index: number): boolean => (index % 2 === 0) === (language === 'javascript');

  it.each(names.filter((name, index) => !isRun(name, index)))('build with nothing to warn of: %s', async (name) => {
    const template = readTemplate(language, name) as TemplateWithFiles;
    const settings = FunctionSettings.parse({ ...template.settings, kind: template.kind });
    const { warnings } = await verifyArtifact(await build(template), { functionNames: template.functionNames, settings });
    expect(warnings).toEqual([]);
  });

  it.each(names.filter(isRun))('build with nothing to warn of, and answer their test inputs: %s', async (name) => {
    const template = readTemplate(language, name) as TemplateWithFiles;
    expect(await runs.answersOf(template, await build(template))).toEqual(javascriptTemplateAnswers[name]);
  });
});
