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

it('reads and writes JSON in WebAssembly text by the same functions in each template', () => {
  const reading = ['has', 'value_of', 'text_behind', 'skip_space', 'end_of', 'opens', 'closes', 'end_of_text'];
  const writing = ['begin_output', 'put', 'put_text', 'end_output'];
  for (const name of [...reading, ...writing]) {
    const written = ['access-validator', 'request-transformer', 'response-transformer', 'geolocation'].map((template) => watFunction(template, name));
    expect(written[0]).toContain(`(func $${name} `);
    expect(new Set(written)).toEqual(new Set([written[0]]));
  }
});

it.each([
  ['a language there is none of', 'cobol', 'empty'],
  ['a name there is none of', 'wat', 'nothing-of-the-kind'],
  ['a path', 'wat', '../wat/empty'],
  ['a path in the language', '../../src', 'empty'],
])('answers nothing for %s', (_, language, name) => {
  expect(readTemplate(language, name)).toBeUndefined();
});

/** The lines of a function of a template: the one it begins with, and those that are indented more. */
function watFunction(template: string, name: string): string | undefined {
  const source = readTemplate('wat', template)?.files[0]?.content.replace(/\)\n$/, '\n');
  return source?.match(new RegExp(`^ {2}\\(func \\$${name} .*\\n(?: {4}.*\\n)*`, 'm'))?.[0];
}
