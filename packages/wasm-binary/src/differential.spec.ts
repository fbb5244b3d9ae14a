import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { testSeed } from '@torii/test-kit';
import { observeGuest } from '../test/observe-guest.js';
import { randomGuest } from '../test/random-guest.js';
import { compileWat } from '../test/wat.js';
import { rewriteModule, rewriteModuleWithReport } from './rewrite-module.js';

declare const WebAssembly: { validate(bytes: Uint8Array): boolean };

/** `node scripts/differential-long.mjs` goes on from here for as long as it is told to. */
const modules = 60;

describe('a rewritten module', () => {
  it('returns, traps and leaves behind what the original does, for generated modules', () => {
    let checks = 0;
    for (let seed = testSeed; seed < testSeed + modules; seed += 1) {
      const bytes = compileWat(randomGuest(seed));
      const original = observeGuest(bytes, 0);
      const rewritten = observeGuest(rewriteModule(bytes, { memoryMaxPages: 4 }), 1 + (seed % 5_000));
      expect({ seed, ...rewritten.observation }).toEqual({ seed, ...original.observation });
      checks += rewritten.checks;
    }
    expect(checks).toBeGreaterThan(modules);
  });

  it('is valid, and knows how to be restored, when it was compiled by Go', async () => {
    const bytes = await readFile(new URL('../../../examples/geolocation-go/geolocation.wasm', import.meta.url));
    const { bytes: rewritten, report } = rewriteModuleWithReport(bytes, { memoryMaxPages: 1_024 });
    expect(WebAssembly.validate(rewritten)).toBe(true);
    expect(report.restoration.isRestorable).toBe(true);
    expect(rewritten.length).toBeLessThan(bytes.length * 1.1);
  });
});
