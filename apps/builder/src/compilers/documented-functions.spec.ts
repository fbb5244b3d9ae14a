import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from '@jest/globals';
import { compileJavaScript } from '@torii/js-compiler';
import { describeModule } from '@torii/wasm-binary';
import { compileWith } from '../../test/a-compile.js';
import { AssemblyScriptCompiler } from './assemblyscript.js';
import { WatCompiler } from './wat.js';

const documents = ['docs/functions.md', 'pdks/assemblyscript/README.md'];
/** A fenced block whose second word is the language of a function. */
const example = /^```\w+ (?<language>javascript|typescript|assemblyscript|wat)\n(?<source>[\s\S]*?)^```$/gm;

const examples = documents.flatMap((document) => {
  const text = readFileSync(new URL(`../../../../${document}`, import.meta.url), 'utf8');
  return [...text.matchAll(example)].map(({ groups }, index) => ({
    name: `${document} ${index + 1}`,
    language: groups?.language ?? '',
    source: groups?.source ?? '',
  }));
});

describe('the functions in the documentation', () => {
  const assemblyscript = new AssemblyScriptCompiler();
  const wat = new WatCompiler();
  afterAll(() => Promise.all([assemblyscript.close(), wat.close()]));

  async function build(language: string, source: string): Promise<Uint8Array> {
    if (language === 'wat') return (await compileWith(wat, source)).wasm;
    if (language === 'assemblyscript') return (await compileWith(assemblyscript, source)).wasm;
    const entry = language === 'typescript' ? 'index.ts' : 'index.js';
    const files = new Map([[entry, new TextEncoder().encode(source)]]);
    const limits = { outputMaxBytes: 20_000_000, memoryMaxBytes: 64_000_000, topLevelMs: 60_000 };
    return (await compileJavaScript({ files, entry, functionNames: ['execute'] }, limits)).wasm;
  }

  it('are there for each language that is always there', () => {
    expect(new Set(examples.map(({ language }) => language))).toEqual(new Set(['javascript', 'typescript', 'assemblyscript', 'wat']));
  });

  it.each(examples)('build: $name, in $language', async ({ language, source }) => {
    expect(describeModule(await build(language, source)).exports).toContainEqual(expect.objectContaining({ name: 'execute', kind: 'function' }));
  });
});
