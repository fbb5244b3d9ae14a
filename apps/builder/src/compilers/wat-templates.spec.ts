import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type FunctionRun, FunctionSettings, type TemplateWithFiles } from '@torii/contracts';
import { readTemplate } from '@torii/templates';
import fc from 'fast-check';
import { type AddressApi, startAddressApi } from '../../../../examples/geolocation-go/address-api.mjs';
import { compileWith } from '../../test/a-compile.js';
import { aRunner, limitsWith, type TestRunner } from '../../test/a-runner.js';
import { sourcesOf } from '../../test/template-runs.js';
import { WatCompiler } from './wat.js';

// These templates read JSON by hand. Here they get what clients may send, and what no gateway would; what they answer to
// their own test inputs is in always-there-templates.spec.ts.

const compiler = new WatCompiler();
const tester = aRunner();
afterAll(() => Promise.all([compiler.close(), tester.runner.close()]));

/** A template with the module it builds to. */
interface Built {
  readonly template: TemplateWithFiles;
  readonly wasm: Uint8Array;
}

async function build(name: string): Promise<Built> {
  const template = readTemplate('wat', name) as TemplateWithFiles;
  return { template, wasm: (await compileWith(compiler, sourcesOf(template))).wasm };
}

/** Calls it as it is set; throws when the call fails. */
async function runOf({ template, wasm }: Built, input: string, { run } = tester): Promise<FunctionRun> {
  const settings = FunctionSettings.parse({ ...template.settings, kind: template.kind });
  const done = await run(wasm, { functionName: template.functionNames[0] ?? '', input, settings: { ...settings, limits: limitsWith() } });
  if (done.error !== null) throw new Error(`${input} is answered ${JSON.stringify(done.error)}`);
  return done;
}

const answerTo = async (built: Built, input: string): Promise<string> => (await runOf(built, input)).output.content;

/** What every beginning of a text is answered, from nothing to all but its last character. */
async function answersToBeginnings(built: Built, text: string): Promise<string[]> {
  const answers: string[] = [];
  for (let length = 0; length < text.length; length += 1) answers.push(await answerTo(built, text.slice(0, length)));
  return answers;
}

const spaces = fc.constantFrom(undefined, 1, '\r\n\t');
const anyText = fc.string({ unit: 'binary', maxLength: 12 });
const noise = fc.dictionary(fc.string({ maxLength: 6 }), anyText, { maxKeys: 4 });

describe('access control in WebAssembly text', () => {
  let access: Built;
  beforeAll(async () => {
    access = await build('access-validator');
  });

  const passes = async (input: object | string): Promise<boolean> => {
    const answer: unknown = JSON.parse(await answerTo(access, typeof input === 'string' ? input : JSON.stringify(input)));
    if (JSON.stringify(answer) === '{"result":true}') return true;
    expect(answer).toEqual({ result: false, error: { message: 'you are not authorized', status: 401 } });
    return false;
  };
  const config = { token: 'secret' };

  it.each<[string, object]>([
    ['the token', { request: { headers: { 'x-token': 'secret' } }, config }],
    ['the token in a header of any case', { request: { headers: { 'X-TOKEN': 'secret' } }, config }],
    ['a token with quotes and backslashes', { request: { headers: { 'x-token': '"\\"' } }, config: { token: '"\\"' } }],
    ['the token among values that look like JSON', { request: { headers: { a: '{"b":[', 'x-token': 'secret' }, query: { c: ['}]"'] } }, config }],
    ['the token of those without a config', { request: { headers: { 'x-token': 'bar' } }, config: {} }],
  ])('lets %s pass', async (_, input) => {
    expect(await passes(input)).toBe(true);
  });

  it.each<[string, object | string]>([
    ['no token', { request: { headers: {} }, config }],
    ['the beginning of the token', { request: { headers: { 'x-token': 'secre' } }, config }],
    ['more than the token', { request: { headers: { 'x-token': 'secrets' } }, config }],
    ['the token in another case', { request: { headers: { 'x-token': 'Secret' } }, config }],
    ['an empty token', { request: { headers: { 'x-token': '' } }, config }],
    ['the token that there is without a config', { request: { headers: { 'x-token': 'bar' } }, config }],
    ['a header whose name begins like that', { request: { headers: { 'x-token-2': 'secret', 'x-toke': 'secret' } }, config }],
    ['a header whose value looks like that header', { request: { headers: { a: '","x-token":"secret","b":"' } }, config }],
    ['that member of everything but the headers', { request: { query: { 'x-token': 'secret' }, 'x-token': 'secret' }, 'x-token': 'secret', config }],
    ['headers of something else', { raw_request: { headers: { 'x-token': 'secret' } }, headers: { 'x-token': 'secret' }, config }],
    ['a token that is a list', { request: { headers: { 'x-token': ['secret'] } }, config: { token: ['secret'] } }],
    ['neither header nor config', {}],
    ['a list', []],
    ['nothing', ''],
    ['a text that does not end', '{"request":{"headers":{"x-token":"secret'],
    ['what is no JSON', '}}]{"request"{,,:"x-token":"secret"'],
  ])('refuses %s', async (_, input) => {
    expect(await passes(input)).toBe(false);
  });

  it('refuses what breaks off, wherever that is', async () => {
    const input = JSON.stringify({ config, request: { headers: { 'x-token': 'secret' } } });
    const missing = (await answersToBeginnings(access, input)).flatMap((answer, length) => (answer.includes('true') ? [input.slice(length)] : []));
    // Where nothing but braces are missing, the header has been read as a whole.
    expect(missing).toEqual(['}}}', '}}', '}']);
  });

  it('lets those pass whose header is the token, however inputs are spaced', async () => {
    const token = fc.oneof(fc.constant(undefined), anyText);
    await fc.assert(
      fc.asyncProperty(noise, token, anyText, fc.boolean(), spaces, async (headers, expected, other, isSame, space) => {
        const sent = isSame ? (expected ?? 'bar') : other;
        const input = { config: { ...headers, token: expected }, request: { query: headers, headers: { ...headers, 'X-Token': sent } } };
        expect(await passes(JSON.stringify(input, undefined, space))).toBe(sent === (expected ?? 'bar'));
      }),
      { numRuns: 50 },
    );
  });
});

describe('the request transformer in WebAssembly text', () => {
  let transformer: Built;
  beforeAll(async () => {
    transformer = await build('request-transformer');
  });

  it('answers all headers as they were but those it takes away or sets, however inputs are spaced', async () => {
    const replaced = fc.dictionary(fc.constantFrom('cookie', 'Cookie', 'X-ROUTE', 'x-forwarded-for', 'x-route'), anyText);
    await fc.assert(
      fc.asyncProperty(noise, replaced, noise, anyText, spaces, async (before, taken, behind, text, space) => {
        const kept = { ...before, ...behind };
        const headers = { ...before, ...taken, ...behind };
        const input = { config: kept, otoroshi_request: { query: taken, headers }, request: { headers: taken, remote: text }, route: { name: text } };
        expect(JSON.parse(await answerTo(transformer, JSON.stringify(input, undefined, space)))).toEqual(
          JSON.parse(JSON.stringify({ cookies: [], headers: { ...kept, 'x-forwarded-for': text, 'x-route': text } })),
        );
      }),
      { numRuns: 50 },
    );
  });

  it.each<[string, object | string]>([
    ['an empty input', ''],
    ['an input of nothing', {}],
    ['headers that are no object', { otoroshi_request: { headers: ['cookie'] } }],
  ])('adds no header that it has no value for: %s', async (_, input) => {
    const text = typeof input === 'string' ? input : JSON.stringify(input);
    expect(JSON.parse(await answerTo(transformer, text))).toEqual({ cookies: [], headers: {} });
  });

  it('ends for inputs that break off, wherever that is', async () => {
    const input = JSON.stringify(transformer.template.testInputs[0]?.input);
    for (const answer of await answersToBeginnings(transformer, input)) {
      expect(answer).toMatch(/^\{"cookies":\[\],"headers":\{.*\}\}$/s);
    }
  });
});

describe('the response transformer in WebAssembly text', () => {
  let transformer: Built;
  beforeAll(async () => {
    transformer = await build('response-transformer');
  });

  const inputWith = (body: string | Uint8Array, type = 'application/json'): string =>
    JSON.stringify({
      otoroshi_response: { status: 200, headers: { 'content-type': type }, cookies: [] },
      response_body_base64: Buffer.from(body).toString('base64'),
    });
  const marked = (type = 'application/json') => ({ status: 200, headers: { 'content-type': type, 'x-transformed-by': 'torii' } });

  it('adds its field to every object, and leaves other bodies as they are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.jsonValue({ maxDepth: 3 }), noise), spaces, async (body, space) => {
        const text = JSON.stringify(body, undefined, space);
        const { body_json: changed, ...rest } = JSON.parse(await answerTo(transformer, inputWith(`${text}\n`)));
        const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
        expect(rest).toEqual(marked());
        expect(JSON.stringify(changed)).toBe(isObject ? JSON.stringify({ ...JSON.parse(text), transformed: true }) : undefined);
      }),
      { numRuns: 50 },
    );
  });

  it.each<[string, string | Uint8Array, string]>([
    ['is no JSON by its type', '{"id":1}', 'text/html; charset=utf-8'],
    ['is empty', '', 'application/json'],
    ['is compressed', Uint8Array.of(0x1f, 0x8b, 0x08, 0, 0x7d), 'application/json'],
    ['is one brace', '{', 'application/json'],
    ['breaks off', '{"id":1', 'application/json'],
    ['ends with what is no space in JSON', '{"id":1}\u0000', 'application/json'],
  ])('leaves a body alone that %s', async (_, body, type) => {
    expect(JSON.parse(await answerTo(transformer, inputWith(body, type)))).toEqual(marked(type));
  });

  it('takes a field of that name from the body', async () => {
    const answer = await answerTo(transformer, inputWith('{"transformed":false,"id":1}'));
    expect(JSON.parse(answer)).toMatchObject({ body_json: { transformed: true, id: 1 } });
  });

  it.each(['{"a":{"b":1}', '{"a":1,}', '{"a":1} }', '{,}', '{"a":1\u000b}', '{\u0000}'])(
    'does not repair a body that is no JSON: %j',
    async (body) => {
      const answer = await answerTo(transformer, inputWith(body));
      expect(() => JSON.parse(answer)).toThrow(SyntaxError);
    },
  );

  it('replaces its header, leaves out a status that there is not, and ends for inputs that break off', async () => {
    const headers = { 'X-Transformed-By': 'another', etag: '"a"' };
    expect(JSON.parse(await answerTo(transformer, JSON.stringify({ otoroshi_response: { headers } })))).toEqual({
      headers: { etag: '"a"', 'x-transformed-by': 'torii' },
    });
    for (const answer of await answersToBeginnings(transformer, inputWith('{"id":1}'))) {
      expect(answer).toMatch(/^\{"headers":\{.*\}$/s);
    }
  });
});

describe('the geolocation in WebAssembly text', () => {
  let geolocation: Built;
  let api: AddressApi;
  let online: TestRunner;
  beforeAll(async () => {
    geolocation = await build('geolocation');
    api = await startAddressApi({ delayMs: 0 });
    const overrides = new Map([['api-adresse.data.gouv.fr', `http://127.0.0.1:${api.port}`]]);
    online = aRunner({ egress: { overrides, privateCidrs: [], connectTimeoutMs: 5_000 } });
  });
  afterAll(() => Promise.all([online.runner.close(), api.close()]));

  const inputWith = (query: object): string => JSON.stringify({ config: { q: 'not this' }, request: { path: '/q', query } });
  const ask = async (input: string) => {
    const { output, hostCalls } = await runOf(geolocation, input, online);
    const { body_base64: body, ...rest } = JSON.parse(output.content);
    return {
      ...rest,
      ...(body !== undefined && { body: JSON.parse(Buffer.from(body, 'base64').toString()) }),
      calls: hostCalls.map(({ name }) => name),
    };
  };
  const [get, http, set] = ['proxy_plugin_map_get', 'proxy_http_call', 'proxy_plugin_map_set'];

  it('asks for what its map does not have, in any words, and keeps the answer', async () => {
    const word = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => !JSON.stringify(text).includes('\\'));
    await fc.assert(
      fc.asyncProperty(word, spaces, async (words, space) => {
        const question = `rue ${words}`;
        const input = JSON.stringify(JSON.parse(inputWith({ p: ['"q":["no"]'], q: [question, 'another'] })), undefined, space);
        expect(await ask(input)).toEqual({ body: expect.objectContaining({ type: 'FeatureCollection', query: question }), calls: [get, http, set] });
      }),
      { numRuns: 20 },
    );
  });

  it.each(['rue "Port"', 'rue \\ Port', 'rue\tPort'])(
    'asks each time for what JSON escapes, which is no key of the map as it is: %s',
    async (question) => {
      expect(await ask(inputWith({ q: [question] }))).toEqual({ body: expect.objectContaining({ query: question }), calls: [http, set] });
    },
  );

  it.each<[string, string]>([
    ['another name', inputWith({ Q: ['rue Port'], qq: ['rue Port'] })],
    ['an empty text', inputWith({ q: [''] })],
    ['no value', inputWith({ q: [] })],
    ['a number', inputWith({ q: [1] })],
    ['no query', '{"request":{},"q":["rue Port"]}'],
    ['no input', ''],
  ])('asks nothing without a question: %s', async (_, input) => {
    expect(await ask(input)).toEqual({ status: 400, body_json: { error: 'missing query param q' }, calls: [] });
  });

  it('says so, and keeps nothing, when the service answers with an error or cannot be reached', async () => {
    const failure = { status: 400, body_json: { error: 'failed fetching address with given input' }, calls: [get, http] };
    expect(await ask(inputWith({ q: ['a'] }))).toEqual(failure);
    const { allowedHosts: _, ...settings } = geolocation.template.settings;
    const confined = { ...geolocation, template: { ...geolocation.template, settings } };
    expect(JSON.parse((await runOf(confined, inputWith({ q: ['rue Port'] }), online)).output.content)).toMatchObject({ status: 400 });
  });

  it('ends for inputs that break off', async () => {
    const input = inputWith({ q: ['rue Port'] });
    for (let length = 0; length < input.length; length += 1) expect(await ask(input.slice(0, length))).toHaveProperty('calls');
  });
});
