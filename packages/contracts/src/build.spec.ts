import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { buildErrors } from './build.js';
import { BuildError } from './build-error.js';

describe('docs/builds.md', () => {
  const page = readFileSync(new URL('../../../docs/builds.md', import.meta.url), 'utf8');

  it('has a section for each code, in the order of the table, and for no other', () => {
    const onPage = [...page.matchAll(/^### (\S+)\n(.*)$/gm)].map(([, code, title]) => `${code}: ${title}`);
    expect(onPage).toEqual(Object.entries(buildErrors).map(([code, title]) => `${code}: ${title}`));
  });

  it('says for each code what causes it and what to check', () => {
    for (const section of page.split(/^### /m).slice(1)) expect(section).toMatch(/^- \*\*Causes:\*\* .+\n(.+\n)*- \*\*Check:\*\* .+/m);
  });
});

describe('BuildError', () => {
  it('stays within what an outcome may hold, however much a compiler says', () => {
    const diagnostics = Array.from({ length: 500 }, () => ({ severity: 'error' as const, message: 'no' }));
    const failure = new BuildError('build.compile_failed', 'x'.repeat(100_000), { diagnostics }).toFailure();
    expect(failure.diagnostics).toHaveLength(100);
    expect(failure.detail).toHaveLength(8_000);
  });
});
