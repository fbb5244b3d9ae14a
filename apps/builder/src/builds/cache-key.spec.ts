import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { BuildJob } from '@torii/contracts';
import { cacheKey } from './cache-key.js';

const job = BuildJob.parse({
  schemaVersion: 1,
  buildId: `bd_${randomUUID()}`,
  functionId: `fn_${randomUUID()}`,
  functionName: 'hello',
  version: 'dev',
  language: 'typescript',
  entry: 'index.ts',
  functionNames: ['run'],
  sourceSha256: 'a'.repeat(64),
  settings: {},
});
const toolchain = { esbuild: '1.0.0', engine: '2.0.0' };
const key = cacheKey(job, toolchain);

describe('cacheKey', () => {
  it('is the same for another function, version and settings, and for the same tools in another order', () => {
    const other = BuildJob.parse({ ...job, functionName: 'other', version: '1.2.0', settings: { config: { a: 'b' } } });
    expect(cacheKey(other, { engine: '2.0.0', esbuild: '1.0.0' })).toBe(key);
  });

  it.each([
    ['source', { ...job, sourceSha256: 'b'.repeat(64) }, toolchain],
    ['entry', { ...job, entry: 'main.ts' }, toolchain],
    ['functions', { ...job, functionNames: ['run', 'other'] }, toolchain],
    ['language', { ...job, language: 'javascript' as const }, toolchain],
    ['tools', job, { ...toolchain, esbuild: '1.0.1' }],
  ])('is another one for another %s', (_, changed, tools) => {
    expect(cacheKey(BuildJob.parse(changed), tools)).not.toBe(key);
  });
});
