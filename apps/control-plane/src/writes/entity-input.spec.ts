import { describe, expect, it } from '@jest/globals';
import { RouteSpec } from '@torii/contracts';
import { nameToCreate, readEntity, readPatch } from './entity-input.js';

const readOnly = ['id', 'createdAt'];
const body = { match: [{}], target: { kind: 'function', plugin: 'p' } };
const current = { ...RouteSpec.parse({ ...body, name: 'a', tags: ['x'] }), id: 'rt_1', createdAt: '2026-01-01T00:00:00.000Z' };

const issuesOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return (error as { issues: unknown[] }).issues;
  }
  return [];
};

describe('readEntity', () => {
  it('takes the name of the path where the body has none', () => {
    expect(readEntity(body, { schema: RouteSpec, readOnly, name: 'a' })).toMatchObject({ name: 'a', enabled: true });
    expect(readEntity({ ...body, name: 'b' }, { schema: RouteSpec, readOnly, name: 'a' })).toMatchObject({ name: 'b' });
  });

  it('takes what was answered before, unchanged', () => {
    expect(readEntity({ ...current }, { schema: RouteSpec, readOnly, current })).toMatchObject({ name: 'a', tags: ['x'] });
  });

  it('refuses to change what only the server sets', () => {
    expect(issuesOf(() => readEntity({ ...current, id: 'rt_2' }, { schema: RouteSpec, readOnly, current }))).toMatchObject([{ pointer: '/id' }]);
    expect(issuesOf(() => readEntity({ ...body, name: 'a', id: 'rt_1' }, { schema: RouteSpec, readOnly }))).toMatchObject([{ pointer: '/id' }]);
  });

  it('answers all problems at once', () => {
    const issues = issuesOf(() => readEntity({ ...body, id: 'x', nam: 1 }, { schema: RouteSpec, readOnly }));
    expect(issues).toMatchObject([{ pointer: '/id' }, { pointer: '/name' }, { pointer: '/nam', code: 'unknown_field' }]);
  });
});

describe('readPatch', () => {
  const patch = (changes: Record<string, unknown>) => readPatch(changes, { schema: RouteSpec, readOnly, current });

  it('changes only what it names', () => {
    expect(patch({ enabled: false })).toMatchObject({ name: 'a', tags: ['x'], enabled: false });
  });

  it('takes a field back to its default by null', () => {
    expect(patch({ tags: null })).toMatchObject({ tags: [] });
  });

  it('refuses to remove what has no default', () => {
    expect(issuesOf(() => patch({ target: null }))).toMatchObject([{ pointer: '/target' }]);
  });

  it('refuses the null of a field that does not exist', () => {
    expect(issuesOf(() => patch({ tagz: null }))).toMatchObject([{ pointer: '/tagz', code: 'unknown_field' }]);
    expect(issuesOf(() => patch({ target: { versoin: null } }))).toMatchObject([{ pointer: '/target/versoin', code: 'unknown_field' }]);
    expect(issuesOf(() => patch({ id: null }))).toMatchObject([{ pointer: '/id' }]);
  });
});

describe('nameToCreate', () => {
  it('is only a name', () => {
    expect(nameToCreate('route', 'a-1')).toBe('a-1');
    expect(nameToCreate('route', 'rt_0190')).toBeUndefined();
    expect(nameToCreate('route', 'A b')).toBeUndefined();
  });
});
