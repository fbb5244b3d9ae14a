import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TemplateWithFiles } from '@torii/contracts';
import { listTemplates, readTemplate } from '@torii/templates';
import { compileWith } from '../../test/a-compile.js';
import { sourcesOf, TemplateRuns } from '../../test/template-runs.js';
import { WatCompiler } from './wat.js';

/** What the address API's answer begins with; 27 bytes, so that no digit depends on the next ones. */
const foundInBase64 = Buffer.from('{"type":"FeatureCollection"').toString('base64');

/** What each test input of a template is answered, in their order, as far as it matters. */
const answers: Readonly<Record<string, readonly unknown[]>> = {
  empty: ['hello'],
  backend: [{ body_json: { request: { path: '/hello', query: { name: ['café'] } } } }],
  counter: [{ body_json: 1 }],
  'access-validator': [{ result: true }, { result: false, error: { message: 'you are not authorized', status: 401 } }],
  'request-transformer': [{ headers: { host: 'example.com', 'x-forwarded-for': '192.0.2.7', 'x-route': 'shop' }, cookies: [] }],
  'response-transformer': [
    { status: 201, headers: { 'Content-Type': 'application/json', 'x-transformed-by': 'torii' }, body_json: { id: 1, transformed: true } },
    { status: 200, headers: { 'content-type': 'text/plain', 'x-transformed-by': 'torii' } },
  ],
  geolocation: [{ body_base64: expect.stringContaining(foundInBase64) }, { status: 400, body_json: { error: 'missing query param q' } }],
};

describe('the templates for WebAssembly text', () => {
  const compiler = new WatCompiler();
  let runs: TemplateRuns;
  beforeAll(async () => {
    runs = await TemplateRuns.start();
  });
  afterAll(() => Promise.all([runs.close(), compiler.close()]));

  it('are these', () => {
    const templates = listTemplates().filter(({ language }) => language === 'wat');
    expect(templates.map(({ name }) => name).sort()).toEqual(Object.keys(answers).sort());
  });

  it.each(Object.keys(answers))('build with nothing to warn of, and answer their test inputs: %s', async (name) => {
    const template = readTemplate('wat', name) as TemplateWithFiles;
    const { wasm, warnings } = await compileWith(compiler, sourcesOf(template), { functionNames: template.functionNames });
    expect(warnings).toEqual([]);
    expect(await runs.answersOf(template, wasm)).toMatchObject(answers[name] ?? []);
  });
});
