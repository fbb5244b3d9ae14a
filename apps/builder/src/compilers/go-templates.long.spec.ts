import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TemplateWithFiles } from '@torii/contracts';
import { listTemplates, readTemplate } from '@torii/templates';
import { limitsWith } from '../../test/a-runner.js';
import { goPlaces, goSeedFolder, goBuildTimeoutMs as testTimeoutMs } from '../../test/go-builds.js';
import { TemplateRuns } from '../../test/template-runs.js';
import { removeTree } from '../sandbox/remove-tree.js';
import { createSandbox } from '../sandbox/sandbox.js';
import type { Compiler } from './compiler.js';
import { goCompiler } from './go.js';

const json = { 'content-type': 'application/json' };

/** What each test input of a template is answered, in their order. */
const answers: Readonly<Record<string, readonly unknown[]>> = {
  'access-validator': [{ result: true }, { result: false, error: { message: 'you are not authorized', status: 401 } }],
  backend: [
    { status: 200, headers: json, body_json: { greeting: 'Hello, torii!', path: '/' } },
    { status: 201, headers: json, body_json: { received: 'hello', length: 5 } },
    { status: 405, headers: json, body_json: { error: 'only GET and POST' } },
  ],
  empty: [{ body_str: 'Hello, torii!' }, { body_str: 'Hello, world!' }],
  geolocation: [
    { body_json: expect.objectContaining({ type: 'FeatureCollection', query: '20 Avenue de Ségur Paris' }) },
    { status: 400, body_json: { error: 'missing query param q' } },
  ],
  'request-transformer': [{ headers: { host: 'example.com', 'x-forwarded-for': '192.0.2.7', 'x-route': 'shop' }, cookies: [] }],
  'response-transformer': [
    { status: 201, headers: { 'Content-Type': 'application/json', 'x-transformed-by': 'torii' }, body_json: { id: 1, transformed: true } },
    { status: 200, headers: { 'content-type': 'text/plain', 'x-transformed-by': 'torii' } },
  ],
};

describe('the templates for Go', () => {
  let home: string;
  let compiler: Compiler;
  let runs: TemplateRuns;

  beforeAll(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'torii-go-templates-'));
    const sandbox = createSandbox({ mode: 'auto', ...goPlaces, scratch: path.join(home, 'scratch') });
    // The seed of other tests, but no modules and no proxy: what a template needs comes with the builder, its go-pdk too.
    compiler = goCompiler({ sandbox, places: goPlaces, cacheFolder: home, seedFolder: goSeedFolder });
    runs = await TemplateRuns.start();
  });
  afterAll(() => Promise.all([runs.close(), removeTree(home)]));

  it('are these', () => {
    const names = listTemplates().filter(({ language }) => language === 'go');
    expect(names.map(({ name }) => name).sort()).toEqual(Object.keys(answers).sort());
  });

  it.each(Object.keys(answers))(
    'answer their test inputs with nothing to warn of, or are refused with the reason where Go is not there: %s',
    async (name) => {
      const template = readTemplate('go', name) as TemplateWithFiles;
      const built = build(template);
      const { available } = await compiler.detect();
      if (!available) {
        await expect(built).rejects.toMatchObject({ code: expect.stringMatching(/toolchain_missing|sandbox_unavailable/) });
        return;
      }
      expect(await runs.answersOf(template, await built)).toEqual(answers[name]);
    },
    testTimeoutMs,
  );

  it(
    'come with a package torii that answers an error, and does not panic, for what is no JSON',
    async () => {
      const source = `package main

import pdk "github.com/extism/go-pdk"
import "torii"

//go:wasmexport execute
func execute() int32 {
	if err := torii.SetAttribute("key", func() {}); err != nil {
		pdk.OutputString(err.Error())
	}
	return 0
}
`;
      const built = build({ name: 'attribute', files: [{ path: 'main.go', content: source, encoding: 'utf8' }], functionNames: ['execute'] });
      if (!(await compiler.detect()).available) {
        await expect(built).rejects.toMatchObject({ code: expect.stringMatching(/toolchain_missing|sandbox_unavailable/) });
        return;
      }

      const answer = await runs.tester.run(await built, { functionName: 'execute', input: '{}', settings: { limits: limitsWith() } });

      expect(answer).toMatchObject({ error: null, output: { content: expect.stringContaining('unsupported type') } });
    },
    testTimeoutMs,
  );

  async function build({ name, files, functionNames }: Pick<TemplateWithFiles, 'name' | 'files' | 'functionNames'>): Promise<Uint8Array> {
    const folder = path.join(home, name);
    const request = {
      files: new Map(files.map(({ path: file, content }) => [file, Buffer.from(content)])),
      entry: files[0]?.path ?? '',
      functionNames,
      name: 'f',
    };
    const { wasm } = await compiler.compile(request, {
      signal: AbortSignal.timeout(testTimeoutMs),
      limits: { memoryMaxBytes: 2 * 1024 ** 3, outputMaxBytes: 32 * 1024 ** 2 },
      folder: async () => {
        await mkdir(folder, { mode: 0o700 });
        return folder;
      },
      stage: () => undefined,
      log: () => undefined,
    });
    return wasm;
  }
});
