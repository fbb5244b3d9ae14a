import { describe, expect, it } from '@jest/globals';
import { namePattern } from '@torii/contracts';
import { anyText } from '@torii/test-kit';
import fc from 'fast-check';
import { importTags, nameFrom, nameWithMark, originTag } from './entity-names.js';
import { placeEntities } from './place-entities.js';

const row = (name: string, ...tags: string[]) => ({ id: `id of ${name}`, name, tags });

describe('the place of an imported entity', () => {
  it('is a new name where nobody has it', () => {
    expect(placeEntities([{ origin: 'r1', wish: 'a' }], [row('b')]).get('r1')).toEqual({ name: 'a', id: undefined, isConflict: false });
  });

  it('is what an earlier import made of it, whatever that is called now', () => {
    const rows = [row('renamed', 'otoroshi', originTag('r1')), row('a')];
    expect(placeEntities([{ origin: 'r1', wish: 'a' }], rows).get('r1')).toEqual({ name: 'renamed', id: 'id of renamed', isConflict: false });
  });

  it('is of one entity alone, also where somebody has put the tags of two on it', () => {
    const two = [
      { origin: 'r1', wish: 'a' },
      { origin: 'r2', wish: 'b' },
    ];
    const places = placeEntities(two, [row('both', originTag('r1'), originTag('r2'))]);
    expect(places.get('r1')).toMatchObject({ name: 'both', id: 'id of both' });
    expect(places.get('r2')).toEqual({ name: 'b', id: undefined, isConflict: false });
  });

  it('is in conflict with what somebody made by hand', () => {
    expect(placeEntities([{ origin: 'r1', wish: 'a' }], [row('a', 'shop')]).get('r1')).toMatchObject({ name: 'a', isConflict: true });
  });

  it('has a mark where the name stands for another one of the same or an earlier import', () => {
    const two = [
      { origin: 'r1', wish: 'a' },
      { origin: 'r2', wish: 'a' },
    ];
    const places = placeEntities(two, []);
    expect(places.get('r1')).toMatchObject({ name: 'a' });
    expect(places.get('r2')).toMatchObject({ name: nameWithMark('a', 'r2'), isConflict: false });
    expect(placeEntities(two.slice(1), [row('a', originTag('r1'))]).get('r2')).toMatchObject({ name: nameWithMark('a', 'r2'), id: undefined });
  });

  it('is the same when what was imported is imported again, in any order', () => {
    const origins = fc.uniqueArray(fc.record({ origin: fc.string({ minLength: 1 }), wish: fc.constantFrom('a', 'b', 'c') }), {
      selector: ({ origin }) => origin,
    });
    fc.assert(
      fc.property(origins, fc.array(fc.integer()), (entities, order) => {
        const first = placeEntities(entities, []);
        const rows = entities.map(({ origin }) => row(first.get(origin)?.name ?? '', ...importTags(origin, [])));
        const shuffled = [...entities].sort((one, other) => (order[one.origin.length] ?? 0) - (order[other.origin.length] ?? 0));
        const second = placeEntities(shuffled, rows);
        expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
        for (const { origin } of entities) expect(second.get(origin)).toMatchObject({ name: first.get(origin)?.name, isConflict: false });
      }),
    );
  });
});

describe('a name made of a text', () => {
  it('is always a name, with a mark and without', () => {
    fc.assert(
      fc.property(anyText(200), fc.string(), (text, origin) => {
        expect(nameFrom(text, 'route')).toMatch(namePattern);
        expect(nameWithMark(nameFrom(text, 'route'), origin)).toMatch(namePattern);
      }),
    );
    expect(nameFrom('Géo  location #1', 'x')).toBe('geo-location-1');
  });

  it('is not told by the tags of the file where it comes from', () => {
    expect(importTags('r1', ['shop', 'otoroshi', originTag('r2'), '', 'x'.repeat(65)])).toEqual(['otoroshi', originTag('r1'), 'shop']);
    expect(originTag('x'.repeat(500)).length).toBeLessThanOrEqual(64);
  });
});
