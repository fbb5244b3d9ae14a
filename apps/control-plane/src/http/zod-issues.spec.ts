import { describe, expect, it } from '@jest/globals';
import { PluginSpec, RouteSpec } from '@torii/contracts';
import type { z } from 'zod';
import { fieldIssues } from './zod-issues.js';

function issuesOf(schema: z.ZodType, value: unknown) {
  const { error } = schema.safeParse(value);
  return error === undefined ? [] : fieldIssues(error, schema);
}

const route = { name: 'a', match: [{}], target: { kind: 'function', plugin: 'p' } };
const plugin = { name: 'a', source: { kind: 'artifact', sha256: 'a'.repeat(64) }, functionName: 'f' };

describe('fieldIssues', () => {
  it('has nothing to say about valid values', () => {
    expect(issuesOf(RouteSpec, route)).toEqual([]);
    expect(issuesOf(PluginSpec, plugin)).toEqual([]);
  });

  it('points at an unknown field and names the one that was probably meant', () => {
    expect(issuesOf(RouteSpec, { ...route, enabeld: true })).toEqual([
      { pointer: '/enabeld', code: 'unknown_field', detail: 'there is no field "enabeld" here, did you mean "enabled"?' },
    ]);
    expect(issuesOf(RouteSpec, { ...route, match: [{ path: [] }] })).toMatchObject([
      { pointer: '/match/0/path', detail: expect.stringContaining('"paths"') },
    ]);
    expect(issuesOf(RouteSpec, { ...route, target: { ...route.target, versoin: 1 } })).toMatchObject([
      { pointer: '/target/versoin', detail: expect.stringContaining('"version"') },
    ]);
    expect(issuesOf(PluginSpec, { ...plugin, limits: { cpuMS: 1 } })).toMatchObject([
      { pointer: '/limits/cpuMS', detail: expect.stringContaining('"cpuMs"') },
    ]);
  });

  it('says that a missing field is required', () => {
    expect(issuesOf(RouteSpec, { name: 'a', match: [{}] })).toEqual([{ pointer: '/target', detail: 'is required (object)' }]);
  });

  it('points at the field inside the alternative that was meant', () => {
    expect(issuesOf(PluginSpec, { ...plugin, hostFunctions: [{ name: 'plugin_map', access: ['delete'] }] })).toMatchObject([
      { pointer: '/hostFunctions/0/access/0' },
    ]);
    expect(issuesOf(PluginSpec, { ...plugin, hostFunctions: ['plugin_map:delete'] })).toMatchObject([{ pointer: '/hostFunctions/0' }]);
    expect(issuesOf(RouteSpec, { ...route, target: { kind: 'funktion' } })).toMatchObject([{ pointer: '/target/kind' }]);
  });

  it('says what every alternative wants when none fits', () => {
    expect(issuesOf(RouteSpec, { ...route, target: { ...route.target, version: 'x' } })).toEqual([
      { pointer: '/target/version', detail: 'expected "latest"; or expected number, received string' },
    ]);
  });

  it('escapes pointers as RFC 6901 asks', () => {
    expect(issuesOf(PluginSpec, { ...plugin, config: { 'a/b~c': 1 } })).toMatchObject([{ pointer: '/config/a~1b~0c' }]);
  });

  it.each([
    ['/match/0/hosts/0', { hosts: ['http://x'] }],
    ['/match/0/paths/0/value', { paths: [{ type: 'prefix', value: 'search' }] }],
    ['/match/0/paths/0/type', { paths: [{ type: 'regex', value: '/' }] }],
  ])('points at %s', (pointer, match) => {
    expect(issuesOf(RouteSpec, { ...route, match: [match] }).map((issue) => issue.pointer)).toEqual([pointer]);
  });
});
