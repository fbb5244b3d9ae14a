import { describe, expect, it } from '@jest/globals';
import { parseQuery } from './parse-query.js';
import { ListQuery, WriteQuery } from './query.js';

const pointersOf = (work: () => unknown): string[] => {
  try {
    work();
    return [];
  } catch (error) {
    return (error as { issues: { pointer: string }[] }).issues.map(({ pointer }) => pointer);
  }
};

describe('WriteQuery', () => {
  it('reads durations and shares', () => {
    expect(parseQuery(WriteQuery, { wait: 'applied', timeout: '5s', min: '50%' })).toEqual({
      wait: 'applied',
      timeout: 5_000,
      min: { kind: 'percent', percent: 50 },
    });
    expect(parseQuery(WriteQuery, { wait: 'applied', timeout: '500ms', min: '2' })).toMatchObject({ timeout: 500, min: { kind: 'count', count: 2 } });
  });

  it.each<[Record<string, string>, string[]]>([
    [{ wait: 'forever' }, ['?wait']],
    [{ wait: 'applied', timeout: '61s' }, ['?timeout']],
    [{ wait: 'applied', timeout: '0s' }, ['?timeout']],
    [{ wait: 'applied', timeout: '5' }, ['?timeout']],
    [{ wait: 'applied', min: '101%' }, ['?min']],
    [{ wait: 'applied', min: '-1' }, ['?min']],
    [{ timeout: '5s' }, ['?timeout']],
    [{ dryrun: 'true' }, ['?dryrun']],
  ])('refuses %j', (query, pointers) => {
    expect(pointersOf(() => parseQuery(WriteQuery, query))).toEqual(pointers);
  });
});

describe('ListQuery', () => {
  it('has a default for the limit', () => {
    expect(parseQuery(ListQuery, {})).toEqual({ limit: 50 });
  });

  it.each([{ limit: '0' }, { limit: '501' }, { limit: 'x' }, { limit: '1.5' }, { limit: '' }, { limit: ['1', '2'] }])('refuses %j', (query) => {
    expect(pointersOf(() => parseQuery(ListQuery, query))).toEqual(['?limit']);
  });
});
