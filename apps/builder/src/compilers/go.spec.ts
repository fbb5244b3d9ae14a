import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rmdir, stat, utimes } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { listTemplates, readTemplate } from '@torii/templates';
import { eventually } from '@torii/test-kit';
import { describeModule } from '@torii/wasm-binary';
import { GoBuilds, goCacheFolder, goPlaces, goSeedFolder } from '../../test/go-builds.js';
import { startModuleProxy } from '../../test/start-module-proxy.js';
import { tryToClaim } from '../claimed-folder.js';
import type { CompileResult } from './compiler.js';
import { findGo } from './go/find-go.js';

const repository = path.resolve(import.meta.dirname, '../../../..');
const mebi = 1_048_576;
const go = new GoBuilds();

function namesOf({ wasm }: CompileResult): { exports: string[]; imports: string[] } {
  const { exports, imports } = describeModule(wasm);
  return { exports: exports.map(({ name }) => name), imports: imports.map((one) => `${one.module}.${one.name}`) };
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

const hello = 'package main\n\n//go:wasmexport greet\nfunc greet() int32 { return 0 }\n\nfunc main() {}\n';

describe('a function in Go', () => {
  go.promises('builds to the same bytes each time, with its exports', async () => {
    const first = await go.build({ 'main.go': hello });
    const second = await go.build({ 'main.go': hello });

    expect(namesOf(first).exports).toEqual(expect.arrayContaining(['greet', '_initialize', 'memory']));
    const sha256 = ({ wasm }: CompileResult) => createHash('sha256').update(wasm).digest('hex');
    expect(sha256(second)).toBe(sha256(first));
  });

  go.promises('builds as written for TinyGo: without a main function, with //export, and with int in its imports', async () => {
    const source = [
      'package main',
      'import "unsafe"',
      '//export proxy_log',
      'func proxyLog(level int32, text uint64, size int) int32',
      '//go:wasm-module extism:host/user',
      '//export proxy_plugin_map_get',
      'func mapGet(key uint64, size uint64) uint64',
      '//export greet',
      'func greet() int {',
      '\tbytes := []byte("hi")',
      '\tproxyLog(2, uint64(uintptr(unsafe.Pointer(&bytes[0]))), len(bytes))',
      '\treturn int(mapGet(0, 0))',
      '}',
    ].join('\n');

    const { exports, imports } = namesOf(await go.build({ 'main.go': source }));

    expect(exports).toContain('greet');
    expect(imports).toEqual(expect.arrayContaining(['env.proxy_log', 'extism:host/user.proxy_plugin_map_get']));
  });

  go.promises('has the files of its folders, embedded ones too', async () => {
    const result = await go.build(
      {
        'go.mod': 'module shop\n\ngo 1.24\n',
        'cmd/main.go':
          'package main\n\nimport (\n\t_ "embed"\n\t"shop/greeting"\n)\n\n//go:embed hello.txt\nvar text string\n\n//go:wasmexport greet\nfunc greet() int32 { return int32(len(text) + greeting.Length()) }\n',
        'cmd/hello.txt': 'a text that is embedded here',
        'greeting/greeting.go': 'package greeting\n\nfunc Length() int { return 5 }\n',
      },
      { entry: 'cmd/main.go' },
    );

    expect(Buffer.from(result.wasm).includes('a text that is embedded here')).toBe(true);
  });

  go.promises('is told each error with its place', async () => {
    const error = await go.failure({ 'main.go': 'package main\n\nfunc main() {\n\té := undefinedHere\n}\n', 'go.mod': 'module x\n\ngo 1.24\n' });

    expect(error.code).toBe('build.compile_failed');
    expect(error.diagnostics).toEqual(
      expect.arrayContaining([{ severity: 'error', message: 'undefined: undefinedHere', file: 'main.go', line: 4, column: 7 }]),
    );
  });

  go.promises('is told of a syntax error where it is', async () => {
    const error = await go.failure({ 'main.go': 'package main\n\nfunc main( {\n}\n' });

    expect(error).toMatchObject({ code: 'build.compile_failed', diagnostics: [expect.objectContaining({ file: 'main.go', line: 3 })] });
  });

  go.promises('has each package of the standard library compiled once, for all that come after it', async () => {
    await go.build({ 'main.go': 'package main\n\nimport "container/ring"\n\nfunc main() { println(ring.New(3).Len()) }\n' });

    await eventually(
      async () => {
        const [version = ''] = (await readdir(goSeedFolder)).filter((name) => !name.startsWith('.'));
        const generations = (await readdir(path.join(goSeedFolder, version))).filter((name) => /^\d+$/.test(name));
        const lists = generations.map((name) => readFile(path.join(goSeedFolder, version, name, 'packages.json'), 'utf8'));
        return (await Promise.all(lists)).some((list) => list.includes('"container/ring"'));
      },
      { timeoutMs: 60_000 },
    );
  });

  go.promises('finds no half-made cache that a builder left which was killed, and does not keep it', async () => {
    const [left, underWay] = [path.join(goSeedFolder, '.new-left'), path.join(goSeedFolder, '.new-under-way')];
    for (const folder of [left, underWay]) await mkdir(path.join(folder, 'cache'), { recursive: true });
    await utimes(left, 0, 0);

    await go.build({ 'main.go': hello });

    await expect(stat(left)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(stat(underWay)).resolves.toBeDefined();
    await rmdir(path.join(underWay, 'cache'));
    await rmdir(underWay);
  });

  go.promises('gets modules from the proxy alone, and keeps them for the builds after it', async () => {
    const module = `example.com/greeting${process.pid}`;
    const proxy = await startModuleProxy({
      module,
      version: 'v1.0.0',
      files: { 'greeting.go': 'package greeting\n\nfunc Length() int { return 5 }\n' },
    });
    const options = { proxy: proxy.url };
    const files = {
      'main.go': `package main\n\nimport greeting "${module}"\n\n//go:wasmexport greet\nfunc greet() int32 { return int32(greeting.Length()) }\n`,
      'go.mod': `module x\n\ngo 1.24\n\nrequire ${module} v1.0.0\n`,
    };

    await go.build(files, { options });
    const asked = proxy.requests();
    await proxy.close();
    await go.build(files, { options });

    expect(asked).toBeGreaterThan(0);
  });
});

describe('the templates for Go', () => {
  const names = listTemplates()
    .filter(({ language }) => language === 'go')
    .map(({ name }) => name);

  it('are those of every kind that builds know', () => {
    expect(names).toEqual(['access-validator', 'backend', 'empty', 'geolocation', 'request-transformer', 'response-transformer']);
  });

  // All of them are built and run by go-templates.long.spec.ts.
  for (const name of ['geolocation']) {
    go.promises(`build: ${name}, with or without a module proxy`, async () => {
      const template = readTemplate('go', name);
      const files = Object.fromEntries(template?.files.map(({ path: file, content }) => [file, content]) ?? []);

      const { exports, imports } = namesOf(await go.build(files));

      expect(exports).toEqual(expect.arrayContaining([...(template?.functionNames ?? ['there is none'])]));
      const stores = imports.filter((one) => one.includes('_map_') || one.includes('_datastore_'));
      expect(stores).toEqual(name === 'geolocation' ? ['extism:host/user.proxy_plugin_map_get', 'extism:host/user.proxy_plugin_map_set'] : []);
    });
  }

  go.promises('include the article’s function, which also builds from the source for TinyGo', async () => {
    const printed = (await readFile(path.join(repository, 'examples/geolocation-go/main.go'), 'utf8'))
      .replaceAll('//go:wasmimport env ', '//export ')
      .replaceAll('//go:wasmexport ', '//export ');
    const how = { options: { proxy: 'https://proxy.golang.org', checksumDatabase: 'sum.golang.org' } };

    const result = await go.build({ 'main.go': printed }, how).catch((error: unknown) => error);

    if (result instanceof Error) {
      // Without the internet there is no jsonparser.
      expect(result).toMatchObject({ code: 'build.dependencies_failed', message: expect.stringContaining('jsonparser') });
      return;
    }
    const { exports, imports } = namesOf(result as CompileResult);
    expect(exports).toContain('GetCompleteAddress');
    expect(imports).toEqual(expect.arrayContaining(['env.proxy_plugin_map_set', 'env.proxy_plugin_map_get']));
  });
});

describe('a function in Go that means harm', () => {
  const main = 'package main\n\nfunc main() {}\n';

  for (const pattern of ['/etc/passwd', '../..', '../../../../../../etc/passwd']) {
    go.promises(`does not embed ${pattern}`, async () => {
      const error = await go.failure({
        'main.go': `package main\n\nimport _ "embed"\n\n//go:embed ${pattern}\nvar text string\n\nfunc main() { println(text) }\n`,
      });

      expect(error.code).toBe('build.compile_failed');
      expect(error.diagnostics[0]).toMatchObject({ file: 'main.go', line: 5 });
    });
  }

  go.promises('runs nothing by go:generate, and nothing that its environment files or flags name', async () => {
    const mark = path.join(go.home, 'mark');
    await go.build({
      'main.go': `package main\n\n//go:generate touch ${mark}\n\nfunc main() {}\n`,
      'go.env': `GOFLAGS=-toolexec=/bin/touch ${mark}\nGOPROXY=direct\n`,
      '.config/go/env': 'GOFLAGS=-toolexec=/bin/false\n',
      'go.work': 'go 1.99\n\nuse /etc\n',
      'vendor/modules.txt': '# nonsense\n',
    });

    await expect(stat(mark)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(go.log).toContain('go.work is not looked at');
  });

  go.promises('runs nothing that a repository among its files would have git run', async () => {
    const mark = path.join(goCacheFolder, 'modules', 'pkg', 'mod', `mark${process.pid}`);
    const module = `example.com/repository${process.pid}`;
    const proxy = await startModuleProxy({ module, version: 'v1.0.0', files: { 'greeting.go': 'package greeting\n' } });
    // git asks this program which files have changed, and would find the kept modules writable.
    const config = `[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tfsmonitor = "touch ${mark}; echo ran >&2"\n`;
    const files = {
      'main.go': `package main\n\nimport _ "${module}"\n\nfunc main() {}\n`,
      'go.mod': `module x\n\ngo 1.24\n\nrequire ${module} v1.0.0\n`,
      '.git/HEAD': 'ref: refs/heads/main\n',
      '.git/config': config,
      '.git/objects/x': '',
      '.git/refs/heads/x': '',
    };

    await go.build(files, { options: { proxy: proxy.url } });

    await proxy.close();
    expect(go.log).not.toContain('ran');
    await expect(stat(mark)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  go.promises('has no C compiler', async () => {
    await expect(go.failure({ 'main.go': 'package main\n\n// #include "/etc/shadow"\nimport "C"\n\nfunc main() {}\n' })).resolves.toMatchObject({
      code: 'build.compile_failed',
      diagnostics: [expect.objectContaining({ line: 4 })],
    });
  });

  go.promises('replaces no module by a folder of the host', async () => {
    await expect(go.failure({ 'main.go': main, 'go.mod': 'module x\n\ngo 1.24\n\nreplace y => ../../\n' })).resolves.toMatchObject({
      code: 'build.dependencies_failed',
      diagnostics: [expect.objectContaining({ file: 'go.mod', line: 5 })],
    });
  });

  go.promises('brings no other Go along', async () => {
    await go.build({ 'main.go': main, 'go.mod': 'module x\n\ngo 1.24\n\ntoolchain go1.99.1\n' });
    await expect(
      go.failure({ 'main.go': 'package main\nimport _ "example.com/y"\nfunc main() {}\n', 'go.mod': 'module x\n\ngo 1.99\n' }),
    ).resolves.toMatchObject({
      code: 'build.dependencies_failed',
      message: expect.stringContaining('requires go >= 1.99'),
    });
  });

  for (const host of ['127.0.0.1', 'localhost', '169.254.169.254']) {
    go.promises(`has nothing fetched from ${host}, where a module proxy may send it, and is told so by name`, async () => {
      let requests = 0;
      const secret = createServer((_request, response) => {
        requests += 1;
        response.end();
      });
      const leading = createServer((request, response) => {
        response.writeHead(302, { location: `http://${host}:${portOf(secret)}${request.url}` }).end();
      });
      for (const server of [secret, leading]) await once(server.listen(0, '127.0.0.1'), 'listening');
      const module = 'example.com/elsewhere';
      const files = {
        'main.go': `package main\nimport _ "${module}"\nfunc main() {}\n`,
        'go.mod': `module x\n\ngo 1.24\n\nrequire ${module} v1.0.0\n`,
      };

      const error = await go.failure(files, { options: { proxy: `http://127.0.0.1:${portOf(leading)}` } });

      expect(error).toMatchObject({ code: 'build.dependencies_failed', message: expect.stringContaining(`${host}:${portOf(secret)}`) });
      expect(requests).toBe(0);
      for (const server of [secret, leading]) server.close().closeAllConnections();
    });
  }

  go.promises('has nothing fetched from version control', async () => {
    const proxy = await startModuleProxy({ module: 'example.com/greeting', version: 'v1.0.0', files: {} });
    const files = { 'main.go': 'package main\nimport _ "127.0.0.1.nip.example/evil.git"\nfunc main() {}\n' };

    await expect(go.failure(files, { options: { proxy: proxy.url } })).resolves.toMatchObject({ code: 'build.dependencies_failed' });
    await proxy.close();
  });

  go.promises('takes no more memory than a build may', async () => {
    // Each constant is twice as long as the one before.
    const doubled = Array.from({ length: 40 }, (_, index) => `const c${index + 1} = c${index} + c${index}`).join('\n');
    const source = `package main\n\nconst c0 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"\n${doubled}\n\nfunc main() { println(c40) }\n`;

    await expect(go.failure({ 'main.go': source }, { limits: { memoryMaxBytes: 512 * mebi } })).resolves.toMatchObject({
      code: 'build.memory_exceeded',
    });
  });

  go.promises('makes no module that is larger than it may be', async () => {
    await expect(go.failure({ 'main.go': hello }, { limits: { outputMaxBytes: mebi } })).resolves.toMatchObject({ code: 'build.too_large' });
  });

  go.promises('is ended with its build also while it waits for the library, which another builder compiles, and says what it waits for', async () => {
    const toolchain = await findGo(goPlaces);
    const seedFolder = path.join(go.home, 'seeds-of-another');
    const ofVersion = path.join(seedFolder, typeof toolchain === 'string' ? '' : toolchain.version);
    const claim = tryToClaim(ofVersion, 'TORII_BUILD_GO_SEEDS');
    const abort = new AbortController();
    const reason = new Error('cancelled');
    const building = go.build({ 'main.go': hello }, { signal: abort.signal, options: { seedFolder } });
    await eventually(() => go.log.includes("Go's own library is compiled first"));

    abort.abort(reason);

    await expect(building).rejects.toBe(reason);
    await mkdir(path.join(ofVersion, '1', 'cache'), { recursive: true });
    claim?.release();
  });

  go.promises('is ended with its build', async () => {
    const abort = new AbortController();
    const reason = new Error('cancelled');
    setTimeout(() => abort.abort(reason), 50);

    await expect(go.build({ 'main.go': hello }, { signal: abort.signal })).rejects.toBe(reason);
  });
});
