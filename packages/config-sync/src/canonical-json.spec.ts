import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson } from './canonical-json.js';

describe('canonicalJson', () => {
  it('sorts the keys of every object and leaves no white space', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 'x y' }], a: null, B: true, 10: 0, 9: 0 })).toBe(
      '{"10":0,"9":0,"B":true,"a":null,"b":[{"c":"x y","d":1}]}',
    );
  });

  it('leaves fields out that are undefined, and keeps their place in lists', () => {
    expect(canonicalJson({ a: undefined, b: [undefined, 1] })).toBe('{"b":[null,1]}');
  });

  it('means the same as the value it was made of', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('is the same whatever the order in which fields were written', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
      }),
    );
  });

  it('differs when the values differ', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        fc.pre(!isSameJson(a, b));
        expect(canonicalJson(a)).not.toBe(canonicalJson(b));
      }),
    );
  });

  it('survives being written again', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const once = canonicalJson(value);
        expect(canonicalJson(JSON.parse(once))).toBe(once);
      }),
    );
  });
});

/** The same value with the fields of every object in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, field]): [string, unknown] => [name, reversed(field)]);
  return Object.fromEntries(entries.reverse());
}

// Compared structurally and by hand: what is under test must not be its own judge.
function isSameJson(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, index) => isSameJson(item, b[index]));
  if (Array.isArray(a) || Array.isArray(b)) return false;
  if (typeof a === 'object' && typeof b === 'object' && a !== null && b !== null) {
    const [fieldsA, fieldsB] = [new Map(Object.entries(a)), new Map(Object.entries(b))];
    return fieldsA.size === fieldsB.size && [...fieldsA].every(([name, field]) => fieldsB.has(name) && isSameJson(field, fieldsB.get(name)));
  }
  return JSON.stringify(a) === JSON.stringify(b);
}
