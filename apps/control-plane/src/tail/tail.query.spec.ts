import { describe, expect, it } from '@jest/globals';
import { parseQuery } from '../http/parse-query.js';
import { filterOf, TailQuery } from './tail.query.js';

const issuesOf = (query: object): unknown => {
  try {
    parseQuery(TailQuery, query);
    return undefined;
  } catch (error) {
    return (error as { issues?: { pointer: string }[] }).issues?.map(({ pointer }) => pointer);
  }
};

describe('TailQuery', () => {
  it('makes a filter of all it can say', () => {
    const query = parseQuery(TailQuery, { route: 'r', plugin: 'p', version: '3', status: '5xx,404', text: 'Cart', sample: '0.25', rate: '7' });
    expect(query.rate).toBe(7);
    expect(filterOf(query)).toEqual({ route: 'r', plugin: 'p', version: 3, statuses: ['5xx', '404'], text: 'Cart', sample: 0.25 });
  });

  it('asks for everything, a hundred a second, when it says nothing', () => {
    const query = parseQuery(TailQuery, {});
    expect(query.rate).toBe(100);
    expect(filterOf(query)).toEqual({});
  });

  it.each([
    [{ status: '6xx' }, ['?status']],
    [{ status: '' }, ['?status']],
    [{ version: '2' }, ['?version']],
    [{ plugin: 'p', version: '0' }, ['?version']],
    [{ sample: '0' }, ['?sample']],
    [{ sample: '2' }, ['?sample']],
    [{ rate: '1001' }, ['?rate']],
    [{ text: '' }, ['?text']],
    [{ route: 'Not A Name' }, ['?route']],
    [{ node: '' }, ['?node']],
  ])('refuses %j and says where', (query, pointers) => {
    expect(issuesOf(query)).toEqual(pointers);
  });
});
