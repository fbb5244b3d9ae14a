import { describe, expect, it } from '@jest/globals';
import type { ServedKind, SnapshotPlugin, SnapshotSlot } from '@torii/contracts';
import type { BoundPlugin } from '../pipeline/bound-plugin.js';
import { Expressions } from '../routing/expressions.js';
import { type AvailablePlugin, bindGlobalSlots, bindRouteSlots, withOtherGlobals } from './bind-slots.js';

const kinds: readonly ServedKind[] = [
  'backend',
  'route_matcher',
  'pre_route',
  'access_validator',
  'request_transformer',
  'response_transformer',
  'router',
  'sink',
];
/** One plugin of each kind for the settings and one for routes: binding looks at nothing but these. */
const plugins = new Map(
  kinds.flatMap((kind) =>
    ['global', 'own'].map((owner): [string, AvailablePlugin] => {
      const name = `${owner}-${kind}`;
      const plugin = { kind, config: {} } as SnapshotPlugin;
      return [`${name}@1`, { plugin, bound: { name } as BoundPlugin }];
    }),
  ),
);
const deps = { plugins, expressions: new Expressions() };

function slotsOf(...names: string[]): SnapshotSlot[] {
  return names.map((name) => ({ plugin: name as SnapshotSlot['plugin'], version: 1, include: [], exclude: [], config: {}, onError: 'fail' }));
}

const namesOf = (slots: readonly { readonly plugin: BoundPlugin }[] = []) => slots.map(({ plugin }) => plugin.name);

describe('slots of the settings', () => {
  it('run before those of a route of the same kind, whatever order they are listed in', () => {
    const globals = bindGlobalSlots(
      slotsOf(
        'global-response_transformer',
        'global-request_transformer',
        'global-sink',
        'global-pre_route',
        'global-router',
        'global-route_matcher',
      ),
      deps,
    );
    const own = slotsOf('own-request_transformer', 'own-response_transformer', 'own-access_validator', 'own-pre_route', 'own-route_matcher');
    const slots = bindRouteSlots({ name: 'r', plugins: own }, globals.slots, deps);
    expect(namesOf(slots?.matchers)).toEqual(['global-route_matcher', 'own-route_matcher']);
    expect(namesOf(slots?.request)).toEqual([
      'global-pre_route',
      'own-pre_route',
      'own-access_validator',
      'global-request_transformer',
      'own-request_transformer',
    ]);
    expect(namesOf(slots?.response)).toEqual(['global-response_transformer', 'own-response_transformer']);
    expect(namesOf(globals.sinks)).toEqual(['global-sink']);
    expect(namesOf(globals.routers)).toEqual(['global-router']);
  });

  it('can be taken off a bound route, and others put in their place before its own', () => {
    const kindsOfAll = ['pre_route', 'route_matcher', 'response_transformer'];
    const globals = bindGlobalSlots(slotsOf(...kindsOfAll.map((kind) => `global-${kind}`)), deps).slots;
    const others = bindGlobalSlots(slotsOf('global-access_validator', 'global-pre_route'), deps).slots;
    const own = { name: 'r', plugins: slotsOf('own-pre_route', 'own-route_matcher') };
    const bound = bindRouteSlots(own, globals, deps);
    const inOrder = (slots: typeof bound) => [slots?.matchers, slots?.request, slots?.response].map((part) => namesOf(part));
    for (const to of [globals, others, undefined])
      expect(inOrder(withOtherGlobals(bound, globals, to))).toEqual(inOrder(bindRouteSlots(own, to, deps)));
    const plain = bindRouteSlots(own, undefined, deps);
    expect(inOrder(withOtherGlobals(plain, undefined, others))).toEqual(inOrder(bindRouteSlots(own, others, deps)));
    expect(withOtherGlobals(globals, globals, others)).toBe(others);
    expect(withOtherGlobals(undefined, undefined, others)).toBe(others);
  });

  it('are bound once for all routes that have none of their own', () => {
    const { slots } = bindGlobalSlots(slotsOf('global-pre_route'), deps);
    expect(bindRouteSlots({ name: 'a' }, slots, deps)).toBe(slots);
    expect(bindRouteSlots({ name: 'b', plugins: [] }, slots, deps)).toBe(slots);
  });

  it('are nothing at all where there are only routers and sinks, so that plain routes stay plain', () => {
    const { slots, routers, sinks } = bindGlobalSlots(slotsOf('global-router', 'global-sink'), deps);
    expect([slots, routers.length, sinks.length]).toEqual([undefined, 1, 1]);
    expect(bindRouteSlots({ name: 'a' }, slots, deps)).toBeUndefined();
  });

  it.each<[string, () => unknown, RegExp]>([
    ['a plugin that is not there', () => bindGlobalSlots(slotsOf('gone'), deps), /the settings.*gone/],
    ['a backend in the settings', () => bindGlobalSlots(slotsOf('global-backend'), deps), /the settings.*backend/],
    ['a router on a route', () => bindRouteSlots({ name: 'r', plugins: slotsOf('own-router') }, undefined, deps), /route r.*router/],
    ['a sink on a route', () => bindRouteSlots({ name: 'r', plugins: slotsOf('own-sink') }, undefined, deps), /route r.*sink/],
  ])('are refused with %s', (_, bind, detail) => {
    expect(bind).toThrow(expect.objectContaining({ code: 'config.invalid_snapshot', message: expect.stringMatching(detail) }));
  });
});
