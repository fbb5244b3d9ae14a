import { describe, expect, it } from '@jest/globals';
import { parseGoOutput } from './go-diagnostics.js';

const files = new Map([
  ['a/main.go', Buffer.from('package main\n\n\té := "😀" + x\n')],
  ['a/go.mod', Buffer.from('module x\n')],
]);
const parse = (output: string) => parseGoOutput(output, { root: '/build/src', moduleFolder: 'a', files });

describe('what go says', () => {
  it('is told with its place in the file as it was written, in UTF-16 units', () => {
    expect(parse('# x\n./main.go:3:17: undefined: x\n')).toEqual([
      { severity: 'error', message: 'undefined: x', file: 'a/main.go', line: 3, column: 14 },
    ]);
  });

  it('keeps lines that belong together together', () => {
    expect(parse('main.go:3:2: no required module provides package y; to add it:\n\tgo get y\n')).toEqual([
      { severity: 'error', message: 'no required module provides package y; to add it: go get y', file: 'a/main.go', line: 3, column: 2 },
    ]);
  });

  it('has a place in the go.mod too', () => {
    expect(parse('go: errors parsing go.mod:\ngo.mod:1: unknown directive: foo\n')).toEqual([
      { severity: 'error', message: 'unknown directive: foo', file: 'a/go.mod', line: 1 },
    ]);
  });

  it('has no place when it is in a file that is not the author’s', () => {
    expect(parse('/modules/pkg/mod/y@v1/y.go:7:1: oops\n./torii_generated.go:2:1: oops\ngo: nothing to be done\n')).toEqual([
      { severity: 'error', message: 'y.go:7: oops' },
      { severity: 'error', message: 'torii_generated.go:2: oops' },
      { severity: 'error', message: 'nothing to be done' },
    ]);
  });

  it('tells nobody where the builder keeps its files', () => {
    expect(parse('go: /build/src/a/go.mod: oops\n')[0]?.message).toBe('a/go.mod: oops');
  });

  it('is bounded', () => {
    expect(parse('./main.go:1:1: oops\n'.repeat(1_000))).toHaveLength(100);
  });

  it('is read at once, however many errors a large file has', () => {
    const large = new Map([['main.go', Buffer.from('var x = y\n'.repeat(100_000))]]);
    const output = Array.from({ length: 50_000 }, (_, index) => `./main.go:${index + 1}:9: undefined: y\n`).join('');
    const startedAtMs = performance.now();

    const found = parseGoOutput(output, { root: '/build/src', moduleFolder: '.', files: large });

    expect(found.at(-1)).toEqual({ severity: 'error', message: 'undefined: y', file: 'main.go', line: 100, column: 9 });
    expect(performance.now() - startedAtMs).toBeLessThan(10_000);
  });
});
