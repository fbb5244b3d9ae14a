import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TemplateWithFiles } from '@torii/contracts';
import { readTemplate } from '@torii/templates';
import { compileFiles } from '../../test/a-script.js';
import { javascriptTemplateAnswers } from '../../test/javascript-template-answers.js';
import { sourcesOf, TemplateRuns } from '../../test/template-runs.js';

// Half of them in each run of the suite, by javascript-templates.spec.ts, which also tells which there are.
describe.each(['javascript', 'typescript'] as const)('templates in %s', (language) => {
  let runs: TemplateRuns;
  beforeAll(async () => {
    runs = await TemplateRuns.start();
  });
  afterAll(() => runs.close());

  it.each(Object.keys(javascriptTemplateAnswers))('build with nothing to warn of, and answer their test inputs: %s', async (name) => {
    const template = readTemplate(language, name) as TemplateWithFiles;
    const wasm = await compileFiles(sourcesOf(template), template.files[0]?.path ?? '');
    expect(await runs.answersOf(template, wasm)).toEqual(javascriptTemplateAnswers[name]);
  });
});
