import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RequestAttributes } from './request-attributes.js';

describe('RequestAttributes', () => {
  it('is what a map would be, as long as no limit is met', () => {
    const key = fc.constantFrom('a', 'b', '__proto__', 'ü', '');
    const change = fc.oneof(
      fc.tuple(fc.constant('set' as const), key, fc.jsonValue()),
      fc.tuple(fc.constant('del' as const), key, fc.constant(null)),
      fc.tuple(fc.constant('clear' as const), key, fc.constant(null)),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const attributes = new RequestAttributes();
        const model = new Map<string, string>();
        for (const [kind, name, value] of changes) {
          const json = JSON.stringify(value);
          if (kind === 'clear') attributes.clear();
          else if (kind === 'del') expect(attributes.del(name)).toBe(model.has(name));
          else if (attributes.set(name, json)) model.set(name, json);
          if (kind === 'clear') model.clear();
          if (kind === 'del') model.delete(name);
        }
        expect(attributes.toJson()).toBe(`{${[...model].map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`);
        for (const [name, json] of model) expect(attributes.get(name)).toBe(json);
      }),
    );
  });

  it('takes no more than its number of attributes, and frees what is deleted', () => {
    const attributes = new RequestAttributes();
    for (let i = 0; i < 128; i += 1) expect(attributes.set(`k${i}`, '1')).toBe(true);
    expect(attributes.set('one more', '1')).toBe(false);
    expect(attributes.set('k0', '2')).toBe(true);
    attributes.del('k1');
    expect(attributes.set('one more', '1')).toBe(true);
  });

  it('takes no more than its bytes, and counts them exactly', () => {
    const attributes = new RequestAttributes();
    const half = `"${'x'.repeat(32 * 1024 - 3)}"`;
    expect(attributes.set('a', half)).toBe(true);
    expect(attributes.set('b', half)).toBe(true);
    expect(attributes.set('c', '')).toBe(false);
    expect(attributes.set('a', '1')).toBe(true);
    expect(attributes.set('c', half)).toBe(false);
    attributes.clear();
    expect(attributes.set('c', half)).toBe(true);
    expect(attributes.set('k'.repeat(257), '1')).toBe(false);
  });

  it('carries out what an output asks for: clear, then del, then set', () => {
    const attributes = new RequestAttributes();
    attributes.set('old', '1');
    attributes.apply({ set: { a: { b: [1] }, c: null }, del: ['a'], clear: true });
    expect(attributes.toJson()).toBe('{"a":{"b":[1]},"c":null}');
    attributes.apply({ del: ['a', 'never'] });
    expect(attributes.toJson()).toBe('{"c":null}');
    attributes.apply({});
    expect(attributes.toJson()).toBe('{"c":null}');
  });

  it('has a copy with the same values and limits, that changes apart from it', () => {
    const attributes = new RequestAttributes();
    attributes.set('a', `"${'x'.repeat(40_000)}"`);
    const copy = attributes.copy();
    expect(copy.toJson()).toBe(attributes.toJson());
    expect(copy.set('b', `"${'x'.repeat(40_000)}"`)).toBe(false);
    expect(copy.del('a')).toBe(true);
    expect(attributes.get('a')).toBeDefined();
    expect(copy.toJson()).toBe('{}');
  });

  it('refuses an output that asks for too much', () => {
    const attributes = new RequestAttributes();
    expect(() => attributes.apply({ set: { a: 'x'.repeat(70_000) } })).toThrow(expect.objectContaining({ code: 'plugin.bad_output' }));
  });
});
