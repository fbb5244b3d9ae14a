import { expect, it } from '@jest/globals';
import { languageNames, languages, TemplateWithFiles } from '@torii/contracts';
import { listTemplates, readTemplate } from './index.js';

it('has a valid template behind each one it lists, with the file that builds of its language begin with', () => {
  const templates = listTemplates();

  expect(templates.length).toBeGreaterThan(0);
  for (const { language, name } of templates) {
    const template = TemplateWithFiles.parse(readTemplate(language, name));
    expect({ language, name, files: template.files.map(({ path }) => path) }).toEqual({
      language,
      name,
      files: expect.arrayContaining([languages[language].entry]),
    });
  }
});

it('has something to try each template with', () => {
  for (const { language, name, testInputs } of listTemplates()) {
    expect({ language, name, inputs: testInputs.length }).toEqual({ language, name, inputs: expect.any(Number) });
    expect(testInputs).not.toHaveLength(0);
  }
});

it('lists the languages in their order, and the templates of each by name', () => {
  const listed = listTemplates().map(({ language, name }) => `${languageNames.indexOf(language)} ${name}`);

  expect(listed).toEqual([...listed].sort());
});

it.each(languageNames)('has a template named empty to begin a function in %s with', (language) => {
  expect(readTemplate(language, 'empty')?.files.length).toBeGreaterThan(0);
});

it.each([
  ['a language there is none of', 'cobol', 'empty'],
  ['a name there is none of', 'wat', 'nothing-of-the-kind'],
  ['a path', 'wat', '../wat/empty'],
  ['a path in the language', '../../src', 'empty'],
])('answers nothing for %s', (_, language, name) => {
  expect(readTemplate(language, name)).toBeUndefined();
});
