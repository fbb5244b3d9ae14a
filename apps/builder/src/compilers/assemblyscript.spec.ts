import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from '@jest/globals';
import { hostFunctions, kernelFunctions, type TemplateWithFiles } from '@torii/contracts';
import { listTemplates, readTemplate } from '@torii/templates';
import { anyText, startUpstream } from '@torii/test-kit';
import { describeModule } from '@torii/wasm-binary';
import fc from 'fast-check';
import { type Compiled, compileWith, type TestCompile } from '../../test/a-compile.js';
import { aRunner } from '../../test/a-runner.js';
import { documentedFunctions } from '../../test/documented-functions.js';
import { describeForeignFiles } from '../../test/foreign-files.js';
import { sourcesOf, TemplateRuns } from '../../test/template-runs.js';
import { AssemblyScriptCompiler } from './assemblyscript.js';

// One for all that there is to show of the language: the first build of each process takes several times as long as those after it.
const compiler = new AssemblyScriptCompiler();
const { runner, run } = aRunner();
afterAll(() => Promise.all([compiler.close(), runner.close()]));

function compile(files: string | Readonly<Record<string, string>>, options: TestCompile = {}): Promise<Compiled> {
  return compileWith(compiler, files, options);
}

const greet = `
  import { Host } from "@torii/pdk";
  export function execute(): i32 { Host.outputString("Hello, " + Host.inputString()); return 0; }
`;

it('says of itself that it is there, and which versions of what it builds with', async () => {
  expect(await compiler.detect()).toEqual({
    name: 'assemblyscript',
    available: true,
    toolchain: {
      assemblyscript: expect.stringMatching(/^0\.28\./),
      'json-as': expect.any(String),
      'xjb-as': expect.any(String),
      'torii-pdk': expect.stringMatching(/^[0-9a-f]{12}$/),
    },
  });
});

describe('a module', () => {
  it('exports what the entry exports and its memory, and imports only what Extism has', async () => {
    const { wasm } = await compile(greet, { functionNames: ['execute'] });
    const { imports, exports } = describeModule(wasm);
    expect(exports.map(({ name }) => name).sort()).toEqual(['_initialize', 'execute', 'memory']);
    for (const { module, name } of imports) {
      expect(module).toBe('extism:host/env');
      expect(Object.keys(kernelFunctions)).toContain(name);
    }
  });

  it('imports no host function that the source does not call', async () => {
    const { wasm } = await compile(`
      import { Host, PluginMap } from "@torii/pdk";
      export function execute(): i32 { return PluginMap.set("a", Host.inputString()) ? 0 : 1; }
    `);
    const own = describeModule(wasm).imports.filter(({ module }) => module === 'extism:host/user');
    expect(own.map(({ name }) => name)).toEqual(['proxy_plugin_map_set']);
  });

  it('is the same bytes for the same source, whatever was built in between', async () => {
    const source =
      'import { JSON } from "json-as";\n@json class A { b: string = ""; }\nexport function execute(): i32 { return JSON.stringify(new A()).length - 8; }';
    const first = await compile(source);
    await compile(source.replaceAll('A', 'Another'));
    expect(Buffer.from((await compile(source)).wasm).equals(Buffer.from(first.wasm))).toBe(true);
  });

  it('is made of all the files of the function, from whatever entry', async () => {
    const files = {
      'src/index.ts': 'import { sum } from "./lib/math"; import { one } from "../shared"; export function execute(): i32 { return sum(one, -1); }',
      'src/lib/math.ts': 'export function sum(a: i32, b: i32): i32 { return a + b; }',
      'shared/index.ts': 'export const one = 1;',
      'README.md': 'not a source',
    };
    const { wasm } = await compile(files, { entry: 'src/index.ts' });
    expect(await run(wasm, { functionName: 'execute' })).toMatchObject({ error: null });
  });

  it('may be written for the PDK of Extism', async () => {
    const { wasm } = await compile(`
      import { Config, Host, Memory, Var } from "@extism/as-pdk";
      import { log_info } from "@extism/as-pdk/lib/env";
      export function execute(): i32 {
        const seen = Var.get("seen");
        Var.set("seen", Host.input());
        log_info(Memory.allocateString("logged").offset);
        const mode = Config.get("mode");
        Host.outputString((seen === null ? "first" : String.UTF8.decode(seen.buffer)) + " é " + (mode === null ? "" : mode));
        return 0;
      }
    `);
    const { output, logs } = await run(wasm, { functionName: 'execute', input: 'x', settings: { config: { mode: 'ünï' } } });
    expect(output.content).toBe('first é ünï');
    expect(logs).toMatchObject([{ level: 'info', message: 'logged' }]);
  });
});

describe('a function that runs', () => {
  it('reads and writes text beyond ASCII, empty, and of any length', async () => {
    const { wasm } = await compile(`
      import { Host } from "@torii/pdk";
      export function text(): i32 { Host.outputString(Host.inputString()); return 0; }
      export function bytes(): i32 { Host.output(Host.input()); return 0; }
      export function half(): i32 { Host.outputString("a\\ud800b"); return 0; }
    `);
    for (const input of ['', 'é', '日本語 🚀', 'a'.repeat(100_001), '0123456', '01234567', '012345678']) {
      for (const functionName of ['text', 'bytes']) {
        expect((await run(wasm, { functionName, input })).output).toMatchObject({
          bytes: Buffer.byteLength(input),
          content: input.slice(0, 1_048_576),
        });
      }
    }
    expect((await run(wasm, { functionName: 'half' })).output.content).toBe('a\ufffdb');
  });

  it('tells its caller the message, the file and the line of what it throws', async () => {
    const { wasm } = await compile({
      'index.ts':
        'import { check } from "./lib/check";\nexport function execute(): i32 { check(""); return 0; }\nexport function key(): i32 { return new Map<string, i32>().get("x"); }',
      'lib/check.ts': 'export function check(name: string): void {\n  if (name == "") throw new Error("sans nom, café");\n}',
    });
    expect(describeModule(wasm).exports.map(({ name }) => name)).not.toContain('abort');
    expect(await run(wasm, { functionName: 'execute' })).toMatchObject({
      ok: false,
      error: { code: 'plugin.trapped', detail: expect.stringContaining('sans nom, café (lib/check.ts:2:') },
    });
    expect(await run(wasm, { functionName: 'key' })).toMatchObject({
      error: { detail: expect.stringMatching(/Key does not exist \(~lib\/map\.ts:\d+:\d+\)/) },
    });
  });

  it('may throw where nothing else is kept on the heap', async () => {
    const { wasm } = await compile(
      'const steps: StaticArray<i32> = [0, 1];\nexport function execute(): i32 { return steps[steps.length - 2]; }\nexport function beyond(): i32 { return steps[steps.length]; }',
    );
    expect(await run(wasm, { functionName: 'execute' })).toMatchObject({ error: null });
    expect(await run(wasm, { functionName: 'beyond' })).toMatchObject({
      error: { detail: expect.stringContaining('Index out of range (~lib/staticarray.ts:') },
    });
  });

  it('says what it failed with, and returns', async () => {
    const { wasm } = await compile('import { Host } from "@torii/pdk"; export function execute(): i32 { Host.setError("no ünï"); return 1; }');
    expect(await run(wasm, { functionName: 'execute' })).toMatchObject({
      ok: false,
      error: { code: 'plugin.failed', detail: expect.stringContaining('no ünï') },
    });
  });

  it('has the time, random numbers and a console', async () => {
    const { wasm } = await compile(`
      import { Host } from "@torii/pdk";
      export function execute(): i32 {
        const bytes = new Uint8Array(16);
        crypto.getRandomValues(bytes);
        console.log("log");
        console.warn("warn");
        console.error("error");
        trace("trace", 1, 2);
        Host.outputString(Date.now().toString() + " " + Math.random().toString() + " " + bytes.toString() + " " + (performance.now() > 0).toString());
        return 0;
      }
    `);
    const [first, second] = [await run(wasm, { functionName: 'execute' }), await run(wasm, { functionName: 'execute' })];
    expect(first.error).toBeNull();
    const [now = '', random = '', bytes = '', isLater] = first.output.content.split(' ');
    expect(Math.abs(Number(now) - Date.now())).toBeLessThan(3_600_000);
    expect(Number(random)).toBeLessThan(1);
    expect(isLater).toBe('true');
    expect(second.output.content).not.toContain(random);
    expect(second.output.content).not.toContain(bytes);
    expect(first.logs.map(({ level, message }) => `${level} ${message}`)).toEqual(['info log', 'warn warn', 'error error', 'debug trace 2.0']);
  });

  it('keeps values in the maps and datastores it is granted', async () => {
    const exercise = (store: string, remove: string): string => `
      export function ${store}_(): i32 {
        const seen: string[] = [];
        seen.push(${store}.get("k") === null ? "absent" : "there");
        seen.push(${store}.set("k", 'a "quoted" \\\\ é\\n').toString());
        seen.push(${store}.get("k")!);
        seen.push(${store}.setIfAbsent("k", "other").toString());
        seen.push(${store}.compareAndSet("k", "no", "other").toString());
        seen.push(${store}.compareAndSet("new", null, "fresh", 60000).toString());
        seen.push(${store}.increment("n", 40).toString());
        seen.push(${store}.increment("n", -(-2)).toString());
        seen.push(${store}.increment("k").toString());
        seen.push(Host.lastError()!.includes("not_a_number").toString());
        const bytes = new Uint8Array(3);
        bytes[0] = 255; bytes[2] = 128;
        seen.push(${store}.setBytes("b", bytes).toString());
        seen.push(${store}.getBytes("b")!.toString());
        ${remove}
        seen.push(${store}.keys().sort().join("+"));
        seen.push(${store}.keys("n*").sort().join("+"));
        Host.outputString(seen.join("|"));
        return 0;
      }`;
    const removeOne = (store: string): string => `${store}.remove("b");`;
    const removeSome = (store: string): string =>
      `seen.push(${store}.remove(["b", "z"]).toString() + ${store}.exists("b").toString() + ${store}.ttlMs("k").toString() + ${store}.expire("k", 60000).toString() + (${store}.ttlMs("k") > 0).toString());`;
    const { wasm } = await compile(`
      import { GlobalDatastore, GlobalMap, Host, PluginDatastore, PluginMap } from "@torii/pdk";
      ${exercise('PluginMap', removeOne('PluginMap'))}
      ${exercise('GlobalMap', removeOne('GlobalMap'))}
      ${exercise('PluginDatastore', removeSome('PluginDatastore'))}
      ${exercise('GlobalDatastore', removeSome('GlobalDatastore'))}
    `);
    const names = ['plugin_map', 'global_map', 'plugin_datastore', 'global_datastore'] as const;
    const hostFunctionGrants = names.flatMap((name) => [`${name}:read`, `${name}:write`] as const);
    const answered = 'absent|true|a "quoted" \\ é\n|false|false|true|40|42|-9223372036854775808|true|true|255,0,128';
    for (const store of ['PluginMap', 'GlobalMap', 'PluginDatastore', 'GlobalDatastore']) {
      const { error, output } = await run(wasm, { functionName: `${store}_`, settings: { hostFunctions: hostFunctionGrants } });
      const removed = store.endsWith('Map') ? '' : '|1false-1truetrue';
      expect({ store, error, answer: output.content }).toEqual({ store, error: null, answer: `${answered}${removed}|k+n+new|n+new` });
    }
  });

  it('finds any text again under any key, as it was', async () => {
    const { wasm } = await compile(`
      import { Host, PluginMap } from "@torii/pdk";
      export function execute(): i32 {
        const text = Host.inputString();
        if (!PluginMap.set("k" + text, text) || PluginMap.keys()[0] != "k" + text) return 1;
        const found = PluginMap.get("k" + text);
        Host.outputString(found === null ? "" : found);
        return 0;
      }
    `);
    const settings = { hostFunctions: ['plugin_map:read', 'plugin_map:write'] as const };
    await fc.assert(
      fc.asyncProperty(anyText(200), async (text) => {
        const { error, output } = await run(wasm, { functionName: 'execute', input: text, settings: { hostFunctions: [...settings.hostFunctions] } });
        expect({ error, content: output.content }).toEqual({ error: null, content: text });
      }),
      { numRuns: 50 },
    );
  });

  it('calls the hosts it may, with headers and a body', async () => {
    const upstream = await startUpstream(async (request, response) => {
      const body = await text(request);
      response.writeHead(201, { 'x-method': request.method, 'x-token': request.headers['x-token'] });
      response.end(`got ${body}`);
    });
    const { wasm } = await compile(`
      import { Config, Host, Http, HttpRequest } from "@torii/pdk";
      export function execute(): i32 {
        const request = new HttpRequest(Config.get("url")!, "POST").setHeader("x-token", 'a"b').setText("ünï");
        const response = Http.request(request);
        Host.outputString([response.status.toString(), response.text(), response.headers.has("x-token") ? response.headers.get("x-token") : "", response.headers.has("x-method") ? response.headers.get("x-method") : ""].join("|"));
        return 0;
      }
    `);
    const { run: runOut, runner: other } = aRunner({
      egress: { overrides: new Map([['api.example.com', upstream.url]]), privateCidrs: [], connectTimeoutMs: 30_000 },
    });
    const config = { url: 'http://api.example.com/' };
    const reached = await runOut(wasm, { functionName: 'execute', settings: { config, allowedHosts: ['http://api.example.com'] } });
    expect(reached.output.content).toBe('201|got ünï|a"b|POST');
    const refused = await runOut(wasm, { functionName: 'execute', settings: { config } });
    expect(refused.output.content).toBe('0|||');
    await Promise.all([other.close(), upstream.close()]);
  });

  it('shares attributes, and sees what it may of the state', async () => {
    const { wasm } = await compile(`
      import { Attributes, Host, Log, State, decodeBase64, encodeBase64, decodeText, encodeText } from "@torii/pdk";
      export function execute(): i32 {
        Attributes.set("mine", '{"a":[1]}');
        Log.event("execute", "é");
        const long = decodeText(decodeBase64(encodeBase64(encodeText("longer é text"))));
        Host.outputString([Attributes.get("mine")!, Attributes.remove("mine").toString(), Attributes.all(), State.entity("routes"), State.nodeValue("mode"), long].join("|"));
        return 0;
      }
    `);
    const { error, output, logs } = await run(wasm, { functionName: 'execute', settings: { hostFunctions: ['state:read', 'config:read'] } });
    expect(error).toBeNull();
    expect(output.content).toMatch(/^\{"a":\[1\]\}\|true\|\{.*\}\|\[.*\]\|.*\|longer é text$/);
    expect(logs).toMatchObject([{ level: 'info', message: 'é' }]);
  });
});

describe('the PDK', () => {
  it('declares every host function there is, with the signature it has', async () => {
    const calls = Object.entries(hostFunctions).map(([name, { params }]) => {
      const zeros = params.map((type) => `<${type === 'i32' ? 'i32' : 'u64'}>0`).join(', ');
      return `sum += <u64>host.${name}(${zeros});`;
    });
    const { wasm } = await compile(
      `import * as host from "@torii/pdk/imports";\nexport function execute(): i32 { let sum: u64 = 0; ${calls.join('\n')} return <i32>sum; }`,
    );
    const declared = describeModule(wasm).imports.filter(({ module }) => module === 'extism:host/user');
    expect(declared.map(({ name }) => name).sort()).toEqual(Object.keys(hostFunctions).sort());
    for (const { name, params, results } of declared) {
      expect({ name, params, results }).toEqual({ name, params: hostFunctions[name]?.params, results: [hostFunctions[name]?.result] });
    }
  });
});

describe('what a newcomer begins with', () => {
  it.each(documentedFunctions().filter(({ language }) => language === 'assemblyscript'))('builds as documented: $name', async ({ source }) => {
    const { exports } = describeModule((await compile(source)).wasm);
    expect(exports).toContainEqual(expect.objectContaining({ name: 'execute', kind: 'function' }));
  });

  it('has these templates', () => {
    const templates = listTemplates().filter(({ language }) => language === 'assemblyscript');
    const names = ['access-validator', 'backend', 'empty', 'geolocation', 'request-transformer', 'response-transformer'];
    expect(templates.map(({ name }) => name).sort()).toEqual(names);
  });

  // All others are built and run by assemblyscript-templates.long.spec.ts, and geolocation also by functions.e2e.spec.ts.
  it('builds of the template "empty" with nothing to warn of, and answers its test input', async () => {
    const runs = await TemplateRuns.start();
    const template = readTemplate('assemblyscript', 'empty') as TemplateWithFiles;
    const { wasm, warnings } = await compile(sourcesOf(template), { functionNames: template.functionNames });
    expect(warnings).toEqual([]);
    expect(await runs.answersOf(template, wasm)).toEqual(['Hello, Zoé!']);
    await runs.close();
  });
});

describeForeignFiles(compiler);
