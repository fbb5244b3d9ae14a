import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TemplateWithFiles } from '@torii/contracts';
import { listTemplates, readTemplate } from '@torii/templates';
import { compileWith } from '../../test/a-compile.js';
import { sourcesOf, TemplateRuns } from '../../test/template-runs.js';
import { AssemblyScriptCompiler } from './assemblyscript.js';
import type { Compiler } from './compiler.js';
import { WatCompiler } from './wat.js';

/** What the address API's answer begins with; 27 bytes, so that no digit depends on the next ones. */
const foundInBase64 = Buffer.from('{"type":"FeatureCollection"').toString('base64');

/** What each test input of a template is answered, in their order, as far as it matters. */
const answers: Readonly<Record<string, readonly unknown[]>> = {
  'assemblyscript empty': ['Hello, Zoé!'],
  'assemblyscript geolocation': [
    { status: 200, body_json: { features: [{ properties: { postcode: '79000' } }] } },
    { status: 400, body_json: { error: 'missing query param q' } },
  ],
  'wat empty': ['hello'],
  'wat backend': [{ body_json: { request: { path: '/hello', query: { name: ['café'] } } } }],
  'wat counter': [{ body_json: 1 }],
  'wat access-validator': [{ result: true }, { result: false, error: { message: 'you are not authorized', status: 401 } }],
  'wat request-transformer': [{ headers: { host: 'example.com', 'x-forwarded-for': '192.0.2.7', 'x-route': 'shop' }, cookies: [] }],
  'wat response-transformer': [
    { status: 201, headers: { 'Content-Type': 'application/json', 'x-transformed-by': 'torii' }, body_json: { id: 1, transformed: true } },
    { status: 200, headers: { 'content-type': 'text/plain', 'x-transformed-by': 'torii' } },
  ],
  'wat geolocation': [{ body_base64: expect.stringContaining(foundInBase64) }, { status: 400, body_json: { error: 'missing query param q' } }],
};
/** What takes long to build; these are built and run by assemblyscript-templates.long.spec.ts. */
const longAnswers = ['access-validator', 'backend', 'request-transformer', 'response-transformer'].map((name) => `assemblyscript ${name}`);

describe('the templates of languages that need no toolchain', () => {
  const compilers: Readonly<Record<string, Compiler & { close(): Promise<void> }>> = {
    assemblyscript: new AssemblyScriptCompiler(),
    wat: new WatCompiler(),
  };
  let runs: TemplateRuns;
  beforeAll(async () => {
    runs = await TemplateRuns.start();
  });
  afterAll(() => Promise.all([runs.close(), ...Object.values(compilers).map((compiler) => compiler.close())]));

  it('are these', () => {
    const templates = listTemplates().filter(({ language }) => language in compilers);
    expect(templates.map(({ language, name }) => `${language} ${name}`)).toEqual([...Object.keys(answers), ...longAnswers].sort());
  });

  it.each(Object.keys(answers))('build with nothing to warn of, and answer their test inputs: %s', async (languageAndName) => {
    const [language = '', name = ''] = languageAndName.split(' ');
    const template = readTemplate(language as 'assemblyscript' | 'wat', name) as TemplateWithFiles;
    const compiler = compilers[language] as Compiler;
    const { wasm, warnings } = await compileWith(compiler, sourcesOf(template), { functionNames: template.functionNames });
    expect(warnings).toEqual([]);
    expect(await runs.answersOf(template, wasm)).toMatchObject(answers[languageAndName] ?? []);
  });
});
