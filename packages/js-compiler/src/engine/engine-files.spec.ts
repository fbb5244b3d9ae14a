import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { hostFunctions } from '@torii/contracts';
import { bundlePrelude } from '../../scripts/lib/bundle-prelude.mjs';
import { glueText } from '../../scripts/lib/glue.mjs';
import { javaScriptToolchain } from '../toolchain.js';
import { engineFiles } from './template.js';

describe('the files of the engine', () => {
  it('hold the prelude as it is in src/prelude: if not, run scripts/generate-prelude.mjs', async () => {
    expect(engineFiles().prelude).toBe(await bundlePrelude());
  });

  it('hold the glue as it is in scripts/lib/glue.mjs: if not, run scripts/generate-template.mjs', () => {
    expect(engineFiles().manifest.glueSha256).toBe(createHash('sha256').update(glueText()).digest('hex'));
  });

  it('know every host function there is: if not, run scripts/generate-template.mjs', () => {
    expect(engineFiles().manifest.hostFunctions).toEqual(Object.keys(hostFunctions));
  });

  it('are of the version of QuickJS that is installed: if not, run scripts/generate-template.mjs', () => {
    const manifest = new URL('../../node_modules/quickjs-wasi/package.json', import.meta.url);
    expect(engineFiles().manifest.quickjsWasi).toBe(JSON.parse(readFileSync(manifest, 'utf8')).version);
  });

  it('are told by their versions', () => {
    expect(javaScriptToolchain()).toEqual({
      esbuild: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      'quickjs-wasi': expect.stringMatching(/^\d+\.\d+\.\d+$/),
      'torii-js': expect.stringMatching(/^[0-9a-f]{12}$/),
    });
  });
});
