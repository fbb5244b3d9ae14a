import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import * as contracts from '@torii/contracts';
import * as metrics from '../apps/data-plane/src/metrics/definitions.js';
import { generatePages } from './generate-docs.mjs';

describe('the generated pages', () => {
  it.each(Object.entries(generatePages(contracts, metrics)))('%s is what `node scripts/generate-docs.mjs` writes', (file, text) => {
    expect(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')).toBe(text);
  });
});
