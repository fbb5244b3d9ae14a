import { describe, expect, it } from '@jest/globals';
import { anyText } from '@torii/test-kit';
import fc from 'fast-check';
import { excessOf } from './json-bounds.js';

describe('excessOf', () => {
  it('refuses what is nested too deeply or has too many parts', () => {
    expect(excessOf('['.repeat(50_000) + ']'.repeat(50_000))).toContain('nested');
    expect(excessOf('{"a":'.repeat(50_000))).toContain('nested');
    expect(excessOf(`[${'[],'.repeat(200_000)}1]`)).toContain('100000');
    expect(excessOf(`{${'"a":1,'.repeat(200_000)}}`)).toContain('100000');
    expect(excessOf(`[${'1,'.repeat(2_000_000)}1]`)).toContain('1000000');
  });

  it('takes long texts and long lists, whatever their strings hold', () => {
    expect(excessOf(JSON.stringify({ body_str: '[{":'.repeat(500_000) }))).toBeUndefined();
    expect(excessOf(JSON.stringify({ body_str: '\\"['.repeat(500_000) }))).toBeUndefined();
    expect(excessOf(JSON.stringify({ body_bytes: new Array(500_000).fill(1) }))).toBeUndefined();
  });

  it('takes any JSON of few parts', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 50 }), anyText(200), (json, text) => {
        expect(excessOf(`{"padding":"${'x'.repeat(70_000)}","text":${JSON.stringify(text)},"json":${json}}`)).toBeUndefined();
      }),
    );
  });

  it('reads what is no JSON to its end and no further', () => {
    for (const text of ['"'.repeat(70_001), `"${'\\'.repeat(70_000)}"`, `{\\"a\\":${'x'.repeat(70_000)}`]) expect(excessOf(text)).toBeUndefined();
  });
});
