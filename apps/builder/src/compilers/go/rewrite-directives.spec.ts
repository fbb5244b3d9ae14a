import { describe, expect, it } from '@jest/globals';
import { anyText } from '@torii/test-kit';
import fc from 'fast-check';
import { parseGoFile } from './go-file.js';
import { scanGo } from './go-scanner.js';
import { rewriteDirectives } from './rewrite-directives.js';

const rewritten = (source: string): string => rewriteDirectives(source).source;

describe('exports and imports as TinyGo wants them', () => {
  it('become those of standard Go', () => {
    expect(rewritten('package main\n\n//export greet\nfunc greet() int32 { return 0 }\n')).toBe(
      'package main\n\n//go:wasmexport greet\nfunc greet() int32 { return 0 }\n',
    );
    expect(rewritten('//export proxy_plugin_map_set\nfunc _ProxyPluginMapSet(context uint64, contextSize uint64) uint64\n')).toBe(
      '//go:wasmimport env proxy_plugin_map_set\nfunc _ProxyPluginMapSet(context uint64, contextSize uint64) uint64\n',
    );
  });

  it('keep the module that a line above them names', () => {
    expect(rewritten('//go:wasm-module extism:host/user\n//export f\nfunc F(a uint64) uint64\n')).toBe(
      '//\n//go:wasmimport extism:host/user f\nfunc F(a uint64) uint64\n',
    );
  });

  it('pass an int of an import as i64, as the host functions are', () => {
    const { source, companions } = rewriteDirectives('//export proxy_log\nfunc log(level int32, text uint64, size, more int) int\n');

    expect(source).toBe(
      '//\nfunc log(level int32, text uint64, size, more int) int { return int(toriiImport_log(level, text, int64(size), int64(more))) }\n',
    );
    expect(companions).toEqual(['//go:wasmimport env proxy_log\nfunc toriiImport_log(level int32, text uint64, size int64, more int64) int64']);
  });

  it('answer an int of an export as i32, as Extism wants it', () => {
    const { source, companions } = rewriteDirectives('//export run\nfunc run() int {\n\treturn 1\n}\n');

    expect(source).toBe('//\nfunc run() int {\n\treturn 1\n}\n');
    expect(companions).toEqual(['//go:wasmexport run\nfunc toriiExport_run() int32 { return int32(run()) }']);
  });

  it.each([
    ['in a raw string', 'var x = `\n//export f\nfunc f() {}\n`\n'],
    ['in a comment', '/*\n//export f\nfunc f() {}\n*/\n'],
    ['inside a function', 'func g() {\n//export f\nfunc() {}()\n}\n'],
    ['above something else', '//export f\nvar x = 1\n'],
    ['above a method', '//export f\nfunc (t T) f() {}\n'],
    ['apart from the function', '//export f\n\nfunc f() {}\n'],
    ['of a source for standard Go', '//go:wasmexport f\nfunc f() int32 { return 0 }\n'],
  ])('stay as they are %s', (_where, source) => {
    expect(rewriteDirectives(source)).toEqual({ source, companions: [] });
  });

  it.each([
    ['as many exports as lines', `//export f\nfunc f() {}\n`.repeat(50_000), `//go:wasmexport f\nfunc f() {}\n`.repeat(50_000)],
    [
      'as many parameters as words',
      `//export f\nfunc f(${'a, '.repeat(300_000)}b int64) {}\n`,
      `//go:wasmexport f\nfunc f(${'a, '.repeat(300_000)}b int64) {}\n`,
    ],
  ])('are done at once where there are %s', (_what, source, expected) => {
    const startedAtMs = performance.now();

    expect(rewritten(source) === expected).toBe(true);
    expect(performance.now() - startedAtMs).toBeLessThan(10_000);
  });

  it('never change how many lines there are, whatever the source', () => {
    const piece = fc.constantFrom(
      '//export f\n',
      '//go:wasm-module m\n',
      'func f(',
      'a int',
      ', ',
      ') ',
      'int',
      '{',
      '}',
      '\n',
      '`',
      '"',
      '/*',
      '*/',
      'x',
      'import "C"\n',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const source = pieces.join('');
        expect(rewritten(source).split('\n').length).toBe(source.split('\n').length);
      }),
    );
  });
});

describe('Go source', () => {
  it('is split without losing or moving anything', () => {
    fc.assert(
      fc.property(anyText(200), (source) => {
        for (const { offset, text, line } of scanGo(source)) {
          expect(source.slice(offset, offset + text.length)).toBe(text);
          expect(line).toBe(source.slice(0, offset).split('\n').length);
        }
      }),
    );
  });

  it('is read for its package, imports and functions', () => {
    const source = [
      '// Package main is a plugin.',
      'package main // really',
      'import ("fmt"; pdk "github.com/extism/go-pdk"',
      '\t_ `embed`)',
      'import "C"',
      'type T struct { f func(int) }',
      'func (t *T) m() {}',
      'func main() { f := func() {}; f() }',
      'func F(a int, b ...string) (n int, err error) {',
      '}',
      'func generic[K comparable](k K) {}',
      'func G(a uint64) uint64',
    ].join('\n');

    const { packageName, imports, functions } = parseGoFile(source);

    expect(packageName).toBe('main');
    expect(imports).toEqual([
      { path: 'fmt', line: 3 },
      { path: 'github.com/extism/go-pdk', line: 3 },
      { path: 'embed', line: 4 },
      { path: 'C', line: 5 },
    ]);
    expect(functions.map(({ name, isMethod, hasBody }) => ({ name, isMethod, hasBody }))).toEqual([
      { name: 'm', isMethod: true, hasBody: true },
      { name: 'main', isMethod: false, hasBody: true },
      { name: 'F', isMethod: false, hasBody: true },
      { name: 'G', isMethod: false, hasBody: false },
    ]);
  });
});
