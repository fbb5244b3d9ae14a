import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TemplateWithFiles } from '@torii/contracts';
import { readTemplate } from '@torii/templates';
import { compileWith } from '../../test/a-compile.js';
import { sourcesOf, TemplateRuns } from '../../test/template-runs.js';
import { AssemblyScriptCompiler } from './assemblyscript.js';

/** What each test input of a template is answered, in their order, as far as it matters. */
const answers: Readonly<Record<string, readonly unknown[]>> = {
  geolocation: [
    { status: 200, body_json: { features: [{ properties: { postcode: '79000' } }] } },
    { status: 400, body_json: { error: 'missing query param q' } },
  ],
  backend: [
    { status: 200, headers: { 'content-type': 'application/json' }, body_json: { message: 'Hello, Zoé!', path: '/' } },
    { status: 400, body_str: 'Say who you are: ?name=...' },
  ],
  'access-validator': [{ result: true }, { result: false, error: { status: 401 } }],
  'request-transformer': [{ headers: { accept: '*/*', 'x-original-path': '/shop/items' } }],
  'response-transformer': [{ status: 201, headers: { 'content-type': 'application/json', 'x-served-by': 'torii' } }],
};
const testTimeoutMs = 60_000;

// The one that is left out here is built by assemblyscript.spec.ts, which also tells which there are.
describe('the templates for AssemblyScript', () => {
  const compiler = new AssemblyScriptCompiler();
  let runs: TemplateRuns;
  beforeAll(async () => {
    runs = await TemplateRuns.start();
  });
  afterAll(() => Promise.all([runs.close(), compiler.close()]));

  it.each(Object.keys(answers))(
    'build with nothing to warn of, and answer their test inputs: %s',
    async (name) => {
      const template = readTemplate('assemblyscript', name) as TemplateWithFiles;
      const { wasm, warnings } = await compileWith(compiler, sourcesOf(template), { functionNames: template.functionNames });
      expect(warnings).toEqual([]);
      expect(await runs.answersOf(template, wasm)).toMatchObject(answers[name] ?? []);
    },
    testTimeoutMs,
  );
});
