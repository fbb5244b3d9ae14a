import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { AppError, errorTable, ownerOf, problemOf } from './errors.js';

describe('docs/errors.md', () => {
  const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');

  it('has a section for each code of the table, in its order, with status and title, and for no other', () => {
    const onPage = [...page.matchAll(/^## (\S+)\n(.*)$/gm)].map(([, code, line]) => `${code}: ${line}`);
    const inTable = Object.entries(errorTable).map(([code, { status, title }]) => `${code}: Status ${status} · ${title}`);
    expect(onPage).toEqual(inTable);
  });

  it('says in each section what causes it and what to check', () => {
    for (const section of page.split(/^## /m).slice(1)) expect(section).toMatch(/^- \*\*Causes:\*\* .+\n(.+\n)*- \*\*Check:\*\* .+/m);
  });
});

describe('AppError', () => {
  it('takes its status, title and owner from the table', () => {
    const error = new AppError('plugin.trapped');
    expect(error).toMatchObject({ status: 502, owner: 'plugin', message: 'The plugin stopped with a trap', detail: undefined, issues: [] });
    expect(ownerOf('capacity.overloaded')).toBe('capacity');
  });

  it('tells how long to wait where waiting helps, and only there', () => {
    expect(new AppError('platform.redis').headers).toEqual({ 'retry-after': '2' });
    expect(new AppError('platform.redis', { headers: { 'retry-after': '9' } }).headers).toEqual({ 'retry-after': '9' });
    expect(new AppError('client.invalid').headers).toEqual({});
  });

  it('has a stack only where the fault is ours, and takes none from other errors', () => {
    expect(new AppError('routing.no_route').stack).not.toContain('\n    at ');
    expect(new AppError('platform.internal').stack).toContain('errors.spec');
    expect(new Error('other').stack).toContain('errors.spec');
  });

  it('makes platform.internal of anything else, and keeps it as the cause', () => {
    const cause = new TypeError('secret');
    const error = AppError.from(cause);
    expect(error).toMatchObject({ code: 'platform.internal', cause });
    expect(AppError.from(error)).toBe(error);
  });
});

describe('problemOf', () => {
  it('shows code, detail and field issues, and never the cause', () => {
    const issues = [{ pointer: '/name', detail: 'is taken' }];
    const problem = problemOf(new AppError('client.conflict', { detail: 'taken', cause: new Error('secret'), issues }), 'rq_1');
    expect(problem).toEqual({
      type: expect.stringContaining('client.conflict'),
      title: 'This conflicts with what is already there',
      status: 409,
      detail: 'taken',
      code: 'client.conflict',
      requestId: 'rq_1',
      errors: issues,
    });
    expect(JSON.stringify(problem)).not.toContain('secret');
  });

  it('leaves out what it does not have', () => {
    expect(Object.keys(problemOf(new AppError('routing.no_route'), 'rq_1'))).toEqual(['type', 'title', 'status', 'code', 'requestId']);
  });
});
