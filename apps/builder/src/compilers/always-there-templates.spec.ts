import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type FunctionRun, FunctionSettings, type TemplateWithFiles } from '@torii/contracts';
import { listTemplates, readTemplate } from '@torii/templates';
import { type AddressApi, startAddressApi } from '../../../../examples/geolocation-go/address-api.mjs';
import { compileWith } from '../../test/a-compile.js';
import { aRunner, type TestRunner } from '../../test/a-runner.js';
import { AssemblyScriptCompiler } from './assemblyscript.js';
import type { Compiler } from './compiler.js';
import { WatCompiler } from './wat.js';

/** What the first and the last test input of each template are answered, as far as it matters. */
const answers: Readonly<Record<string, readonly [first: unknown, last: unknown]>> = {
  'assemblyscript empty': ['Hello, Zoé!', 'Hello, Zoé!'],
  'assemblyscript backend': [
    { status: 200, headers: { 'content-type': 'application/json' }, body_json: { message: 'Hello, Zoé!', path: '/' } },
    { status: 400, body_str: 'Say who you are: ?name=...' },
  ],
  'assemblyscript access-validator': [{ result: true }, { result: false, error: { status: 401 } }],
  'assemblyscript request-transformer': [
    { headers: { accept: '*/*', 'x-original-path': '/shop/items' } },
    { headers: { accept: '*/*', 'x-original-path': '/shop/items' } },
  ],
  'assemblyscript response-transformer': [
    { status: 201, headers: { 'content-type': 'application/json', 'x-served-by': 'torii' } },
    { status: 201, headers: { 'content-type': 'application/json', 'x-served-by': 'torii' } },
  ],
  'assemblyscript geolocation': [
    { status: 200, body_json: { features: [{ properties: { postcode: '79000' } }] } },
    { status: 400, body_json: { error: 'missing query param q' } },
  ],
  'wat empty': ['hello', 'hello'],
  'wat backend': [
    { body_json: { request: { path: '/hello', query: { name: ['café'] } } } },
    { body_json: { request: { path: '/hello', query: { name: ['café'] } } } },
  ],
  'wat counter': [{ body_json: 1 }, { body_json: 1 }],
};

const templates = listTemplates().filter(({ language }) => language === 'assemblyscript' || language === 'wat');

describe('the templates of languages that need no toolchain', () => {
  const compilers: Readonly<Record<string, Compiler & { close(): Promise<void> }>> = {
    assemblyscript: new AssemblyScriptCompiler(),
    wat: new WatCompiler(),
  };
  let api: AddressApi;
  let runner: TestRunner;

  beforeAll(async () => {
    api = await startAddressApi({ delayMs: 0 });
    const overrides = new Map([['api-adresse.data.gouv.fr', `http://127.0.0.1:${api.port}`]]);
    runner = aRunner({ egress: { overrides, privateCidrs: [], connectTimeoutMs: 5_000 } });
  });
  afterAll(async () => {
    await Promise.all([runner.runner.close(), api.close(), ...Object.values(compilers).map((compiler) => compiler.close())]);
  });

  it('are these', () => {
    expect(templates.map(({ language, name }) => `${language} ${name}`)).toEqual(Object.keys(answers).sort());
  });

  it.each(templates)('builds and runs: $name in $language', async ({ language, name }) => {
    const template = readTemplate(language, name) as TemplateWithFiles;
    const compiler = compilers[language] as Compiler;
    const files = Object.fromEntries(template.files.map(({ path, content }) => [path, content]));

    const { wasm, warnings } = await compileWith(compiler, files, { functionNames: template.functionNames });
    expect(warnings).toEqual([]);

    const expected = answers[`${language} ${name}`] ?? [];
    const inputs = [template.testInputs[0], template.testInputs.at(-1)];
    for (const [index, testInput] of inputs.entries()) {
      const settings = FunctionSettings.parse({ ...template.settings, kind: template.kind });
      const input = typeof testInput?.input === 'string' ? testInput.input : JSON.stringify(testInput?.input);
      const ran = await runner.run(wasm, { functionName: testInput?.functionName ?? 'execute', input, settings });
      expect({ error: ran.error, answer: answerOf(ran) }).toEqual({
        error: null,
        answer: expected[index] === undefined ? undefined : matching(expected[index]),
      });
    }
  });
});

function answerOf({ output }: FunctionRun): unknown {
  try {
    return JSON.parse(output.content);
  } catch {
    return output.content;
  }
}

/** Objects may hold more than is expected of them. */
function matching(expected: unknown): unknown {
  if (Array.isArray(expected)) return expected.map(matching);
  if (typeof expected !== 'object' || expected === null) return expected;
  return expect.objectContaining(Object.fromEntries(Object.entries(expected).map(([key, value]) => [key, matching(value)])));
}
