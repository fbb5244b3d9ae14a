import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TemplateWithFiles } from '@torii/contracts';
import { listTemplates, readTemplate } from '@torii/templates';
import { keptCache, type RustBuilt, startRust, type TestRust } from './a-rust-compiler.js';
import { sourcesOf, TemplateRuns } from './template-runs.js';

// The first build compiles some forty crates, on a machine that may be busy.
const slowMs = 600_000;
const json = { 'content-type': 'application/json' };

/** What each test input of a template is answered, in their order. */
const answers: Readonly<Record<string, readonly unknown[]>> = {
  empty: ['Hello, Zoé!'],
  backend: [
    { headers: { ...json, 'cache-control': 'no-store' }, body_json: { greeting: 'Hello, Zoé!', path: '/', agent: null, body: '' } },
    { status: 405, headers: { ...json, allow: 'GET, POST' }, body_json: { error: 'DELETE is not for this' } },
  ],
  'access-validator': [{ result: true }, { result: false, error: { message: 'you are not authorized', status: 401 } }],
  'request-transformer': [{ headers: { host: 'example.com', 'x-forwarded-for': '192.0.2.7', 'x-route': 'shop' }, cookies: [] }],
  'response-transformer': [
    { status: 201, headers: { 'Content-Type': 'application/json', 'x-transformed-by': 'torii' }, body_json: { id: 1, transformed: true } },
    { status: 200, headers: { 'content-type': 'text/plain', 'x-transformed-by': 'torii' } },
  ],
  geolocation: [
    { headers: json, body_json: expect.objectContaining({ type: 'FeatureCollection' }) },
    { status: 400, headers: json, body_json: { error: 'missing query param q' } },
  ],
};

describe('the templates in Rust', () => {
  let rust: TestRust;
  let runs: TemplateRuns;
  beforeAll(async () => {
    rust = await startRust({ cacheFolder: keptCache });
    runs = await TemplateRuns.start();
  }, slowMs);
  afterAll(() => Promise.all([rust.close(), runs.close()]));

  const templates = listTemplates().filter(({ language }) => language === 'rust');

  it('are these', () => {
    expect(templates.map(({ name }) => name).sort()).toEqual(Object.keys(answers).sort());
  });

  /** Undefined where it cannot be built, which has then been said as it should be. */
  const build = async (template: TemplateWithFiles): Promise<RustBuilt | undefined> => {
    try {
      return await rust.build({ files: sourcesOf(template), functionNames: template.functionNames, timeoutMs: slowMs });
    } catch (error) {
      const expected = rust.status.available
        ? { code: 'build.dependencies_failed', message: expect.stringContaining('crates.io cannot be reached') }
        : { code: 'build.toolchain_missing', message: rust.status.reason };
      expect(error).toMatchObject(expected);
      return undefined;
    }
  };

  it.each(templates.map(({ name }) => name))(
    'build with nothing to warn of, and answer their test inputs: %s',
    async (name) => {
      const template = readTemplate('rust', name) as TemplateWithFiles;
      const built = await build(template);
      if (built === undefined) return;
      expect(built.warnings).toEqual([]);
      expect(await runs.answersOf(template, built.wasm)).toEqual(answers[name]);
    },
    slowMs,
  );

  it(
    'share what they depend on, so that only the first one waits for it',
    async () => {
      const template = readTemplate('rust', 'backend') as TemplateWithFiles;
      const [first, second] = [await build(template), await build(readTemplate('rust', 'geolocation') as TemplateWithFiles)];
      if (first !== undefined && second !== undefined) expect(second.stages).toEqual(['compiling']);
    },
    slowMs,
  );
});
