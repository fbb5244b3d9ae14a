import { afterAll, describe, expect, it } from '@jest/globals';
import { describeModule } from '@torii/wasm-binary';
import { compileWith } from '../../test/a-compile.js';
import { compileFiles } from '../../test/a-script.js';
import { documentedFunctions } from '../../test/documented-functions.js';
import { WatCompiler } from './wat.js';

const examples = documentedFunctions();

describe('the functions in the documentation', () => {
  const wat = new WatCompiler();
  afterAll(() => wat.close());

  async function build(language: string, source: string): Promise<Uint8Array> {
    if (language === 'wat') return (await compileWith(wat, source)).wasm;
    const entry = language === 'typescript' ? 'index.ts' : 'index.js';
    return compileFiles({ [entry]: source }, entry);
  }

  it('are there for each language that is always there', () => {
    expect(new Set(examples.map(({ language }) => language))).toEqual(new Set(['javascript', 'typescript', 'assemblyscript', 'wat']));
  });

  // Those in AssemblyScript are built by assemblyscript.spec.ts.
  it.each(examples.filter(({ language }) => language !== 'assemblyscript'))('build: $name, in $language', async ({ language, source }) => {
    expect(describeModule(await build(language, source)).exports).toContainEqual(expect.objectContaining({ name: 'execute', kind: 'function' }));
  });
});
