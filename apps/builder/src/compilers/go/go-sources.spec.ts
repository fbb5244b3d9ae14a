import { describe, expect, it } from '@jest/globals';
import { type GoSources, prepareGoSources } from './go-sources.js';

const options = { toriiFolder: '/pdks/torii', isStandard: (name: string) => ['plugin', 'fmt', 'net/http', 'unsafe'].includes(name) };

function prepare(files: Record<string, string>, entry = 'main.go'): GoSources {
  const bytes = new Map(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)] as const));
  return prepareGoSources({ files: bytes, entry, functionNames: [], name: 'f' }, options);
}

function textOf({ files }: GoSources, name: string): string | undefined {
  const bytes = files.get(name);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
}

describe('the files of a function in Go', () => {
  it('get a go.mod and a main function where they have none', () => {
    const sources = prepare({ 'main.go': 'package main\nimport "fmt"\n//go:wasmexport f\nfunc f() int32 { fmt.Println(); return 0 }\n' });

    expect(textOf(sources, 'go.mod')).toBe('module faas\n\ngo 1.24\n');
    expect(textOf(sources, 'torii_generated.go')).toBe('package main\n\nfunc main() {}\n');
    expect(sources).toMatchObject({ hasDependencies: false, moduleFolder: '.', target: '.', sharedPackages: ['fmt'] });
  });

  it('keep their own main function and go.mod', () => {
    const sources = prepare({ 'main.go': 'package main\n', 'other.go': 'package main\nfunc main() {}\n', 'go.mod': 'module x\n' });

    expect(textOf(sources, 'go.mod')).toBe('module x\n');
    expect(textOf(sources, 'torii_generated.go')).toBeUndefined();
  });

  it('require the PDK at a known version, and torii from the builder, when they import them', () => {
    const sources = prepare({ 'main.go': 'package main\nimport "torii/pluginmap"\nfunc main() {}\n', 'go.mod': 'module x\n\ngo 1.24' });

    expect(textOf(sources, 'go.mod')).toBe(
      'module x\n\ngo 1.24\n\nrequire torii v0.0.0\nreplace torii => "/pdks/torii"\nrequire github.com/extism/go-pdk v1.1.3\n',
    );
    expect(sources.hasDependencies).toBe(true);
  });

  it('keep the versions that their go.mod names', () => {
    const goMod = 'module x\n\nrequire (\n\tgithub.com/extism/go-pdk v1.0.2 // old\n)\n';

    expect(textOf(prepare({ 'main.go': 'package main\nimport "github.com/extism/go-pdk"\nfunc main() {}\n', 'go.mod': goMod }), 'go.mod')).toBe(
      goMod,
    );
  });

  it('share with others the packages that are the same for all of them, and no other version of these', () => {
    const source = 'package main\nimport (\n"fmt"\n"unsafe"\n"github.com/extism/go-pdk"\n"torii/pluginmap"\n"example.com/own"\n)\nfunc main() {}\n';
    const sharedWith = (goMod: string): readonly string[] => prepare({ 'main.go': source, 'go.mod': goMod }).sharedPackages;

    const all = ['fmt', 'github.com/extism/go-pdk', 'torii/pluginmap'];
    expect(sharedWith('module x\n')).toEqual(all);
    expect(sharedWith('module x\nrequire github.com/extism/go-pdk v1.1.3\n')).toEqual(all);
    expect(sharedWith('module x\nrequire github.com/extism/go-pdk v1.0.2\n')).toEqual(['fmt', 'torii/pluginmap']);
    expect(sharedWith('module x\nreplace github.com/extism/go-pdk => ./pdk\n')).toEqual(['fmt', 'torii/pluginmap']);
    expect(sharedWith('module torii\n')).toEqual(['fmt', 'github.com/extism/go-pdk']);
  });

  it('share nothing that is no path of a package, which a file that is not built may import', () => {
    const source = '//go:build ignore\n\npackage main\n\nimport `torii/a"\nfunc init() { panic(1) }\n//`\nimport "torii/b@v1"\nimport "torii/c"\n';

    expect(prepare({ 'main.go': 'package main\n', 'ignored.go': source }).sharedPackages).toEqual(['torii/c']);
  });

  it('are read as go reads them, without a blank before a block too', () => {
    const goMod = 'module x\n\nrequire(\n\tgithub.com/extism/go-pdk v1.0.2\n)\n';

    expect(textOf(prepare({ 'main.go': 'package main\nimport "github.com/extism/go-pdk"\nfunc main() {}\n', 'go.mod': goMod }), 'go.mod')).toBe(
      goMod,
    );
  });

  it('are read at once, however many empty lines a go.mod has', () => {
    const startedAtMs = performance.now();

    prepare({ 'main.go': 'package main\n', 'go.mod': `${'\n'.repeat(500_000)}"module" fmt\n` });

    expect(performance.now() - startedAtMs).toBeLessThan(10_000);
  });

  it('may be in folders: the nearest go.mod above the entry counts', () => {
    const sources = prepare({ 'a/go.mod': 'module x\n', 'a/cmd/main.go': 'package main\n', 'go.mod': 'module y\n' }, 'a/cmd/main.go');

    expect(sources).toMatchObject({ moduleFolder: 'a', target: './cmd' });
    expect(textOf(sources, 'a/cmd/torii_generated.go')).toContain('func main() {}');
  });

  it('may be a module with the name of a standard package', () => {
    expect(textOf(prepare({ 'main.go': 'package main\n', 'go.mod': '// mine\nmodule plugin\n\ngo 1.24\n' }), 'go.mod')).toBe(
      '// mine\nmodule faas.local/plugin\n\ngo 1.24\n',
    );
  });

  it.each([
    ['/etc', 'replace x => /etc'],
    ['../../', 'replace (\n x v1 => ../../\n)'],
    ['../..', 'replace(\n x => ../..\n)'],
    ['./a/../../..', 'replace x => "./a/../../.."'],
    ['C:\\\\x', 'replace x => C:\\\\x'],
  ])('may not replace a module by %s', (_target, line) => {
    expect(() => prepare({ 'main.go': 'package main\n', 'go.mod': `module x\n${line}\n` })).toThrow(
      expect.objectContaining({ code: 'build.dependencies_failed', message: expect.stringContaining('outside of the function') }),
    );
  });

  it.each(['replace x => ./x', 'replace x => ../x', 'replace x v1.0.0 => example.com/y v1.0.0'])('may say %s', (line) => {
    expect(() => prepare({ 'a/main.go': 'package main\n', 'a/go.mod': `module y\n${line}\n`, 'x/go.mod': 'module x\n' }, 'a/main.go')).not.toThrow();
  });

  it('may not have C code, and are told where it is', () => {
    expect(() => prepare({ 'main.go': 'package main\n\n// #include <stdio.h>\nimport "C"\n' })).toThrow(
      expect.objectContaining({ code: 'build.compile_failed', diagnostics: [expect.objectContaining({ file: 'main.go', line: 4 })] }),
    );
  });

  it('must begin in a package called main', () => {
    expect(() => prepare({ 'main.go': 'package plugin\n' })).toThrow(
      expect.objectContaining({ code: 'build.compile_failed', message: 'main.go: the package must be called main, not plugin' }),
    );
  });
});
