import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { closeAll, type LoadedFunction, loadSource } from '../../test/a-function.js';

/** Evaluates scripts in a module: what the functions of users see, compared to what Node has. */
let guest: LoadedFunction;

beforeAll(async () => {
  guest = await loadSource(`
    export function run() {
      const { script, value } = JSON.parse(Host.inputString());
      return JSON.stringify({ answer: new Function('value', script)(value) });
    }
    // Named, so that they are there.
    export const names = [URL, console];`);
});
afterAll(closeAll);

async function inGuest(script: string, value: unknown = null): Promise<unknown> {
  return JSON.parse(await guest.text(JSON.stringify({ script, value }))).answer;
}

function inNode(script: string, value: unknown = null): unknown {
  const { answer } = JSON.parse(JSON.stringify({ answer: new Function('value', script)(value) }));
  return answer;
}

async function expectSame(script: string, value: unknown = null): Promise<void> {
  expect(await inGuest(script, value)).toEqual(inNode(script, value));
}

const partsOfUrls = `
  const parts = (url) => url === null ? null : ['href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash'].map((name) => url[name]);
  return value.map(([input, base]) => parts(URL.parse(input, base)));`;

describe('URL', () => {
  it('reads what Node reads', async () => {
    const inputs = [
      ['http://example.com'],
      ['HTTPS://user:pa%20ss@EXAMPLE.com:443/a/./b/../c?q=1#h'],
      ['http://[2001:DB8::1]:8080/x'],
      ['http://127.1/'],
      ['http://0x7f.0.0.1'],
      ['http://256.1.1.1'],
      ['http://1.2.3.4.5'],
      ['http://a b/'],
      ['http://exa%6Dple.com/%7Efoo/ü?ü#ü'],
      ['http://münchen.de/'],
      ['mailto:someone@example.com?subject=x'],
      ['data:text/plain,hello world'],
      ['custom://Host/path/../x'],
      ['file:///etc/../passwd'],
      ['http:/example.com'],
      ['http:\\\\\\\\example.com\\\\a'],
      ['//b/c', 'http://a/d'],
      ['../x?y#z', 'https://a.com/b/c/d?e'],
      ['?q', 'https://a.com/b?c#d'],
      ['#f', 'https://a.com/b?c#d'],
      ['', 'https://a.com/b?c#d'],
      ['/x', 'custom:opaque'],
      ['x'],
      ['http://'],
      ['http://:80'],
      ['http://a:99999'],
      ['http://a:0080/'],
      ['  http://a/ \\n'],
      ['ht\\ntp://a'],
      ['http://a/%2e%2E/b/%2e'],
      ["http://a/'?'#'"],
      ['http://a?b[]={}|'],
      ['wss://x:443'],
      ['blob:https://a.com/id'],
      ['http://a@b@c/'],
      ['http://[::1'],
      ['http://[1:2:3:4:5:6:7:8:9]'],
      ['http://[::ffff:1.2.3.4]'],
      ['http://a..b/'],
      ['http://xn--mnchen-3ya.de'],
      ['javascript:alert(1)'],
      ['mailto:a  #b'],
      ['mailto: ?b'],
      ['mailto: b '],
      ['http://ａ.com'],
    ];
    const expected = inNode(partsOfUrls, inputs) as unknown[];
    const got = (await inGuest(partsOfUrls, inputs)) as unknown[];
    for (const [index, input] of inputs.entries()) expect([input, got[index]]).toEqual([input, expected[index]]);
  });

  it('reads whatever is made of its characters as Node does', async () => {
    const piece = fc.constantFrom(
      'http',
      'https',
      'x',
      ':',
      '/',
      '//',
      '@',
      '?',
      '#',
      '.',
      '..',
      'a',
      'b.c',
      '%20',
      '%2e',
      ' ',
      '\\',
      '[',
      ']',
      '1',
      '80',
      '&',
      '=',
      '+',
      "'",
      '"',
      '<',
      'é',
      '|',
    );
    const text = fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join(''));
    const bases = fc.constantFrom('http://h:81/p/q?r#s', 'https://u@h/', 'x://h/p');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(text, bases), { minLength: 20, maxLength: 20 }), async (inputs) => {
        expect(await inGuest(partsOfUrls, inputs)).toEqual(inNode(partsOfUrls, inputs));
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    ["u.searchParams.append('k', 'ü &'); u.hash = 'x y'; u.port = '8080'"],
    ["u.host = 'other:1'; u.protocol = 'http'; u.pathname = '/a b?c#d'"],
    ["u.hostname = 'x.y'; u.search = '?a=b c'; u.username = 'me@'; u.password = ':'"],
    ["u.search = ''; u.hash = ''; u.port = ''; u.hostname = 'bad host'"],
    ["u.href = 'https://new/'; u.searchParams.set('a', '1')"],
    ["u.searchParams.delete('q'); u.protocol = 'nonsense'; u.port = 'x'"],
  ])('is changed as in Node: %s', async (change) => {
    await expectSame(
      `const u = new URL('https://user@example.com:444/p?q=1&r=2#h'); ${change}; return [u.href, [...u.searchParams], JSON.stringify(u)]`,
    );
  });

  it('refuses what is none', async () => {
    expect(await inGuest('try { new URL("nothing") } catch (error) { return error.name + ": " + error.message }')).toBe(
      'TypeError: Invalid URL: nothing',
    );
    await expectSame('return [URL.canParse("a"), URL.canParse("a", "http://b"), URL.parse("x")]');
  });
});

describe('URLSearchParams', () => {
  it('reads and writes as in Node', async () => {
    await expectSame(`
      const p = new URLSearchParams('?a=1&b=%20+%C3%BC&a=2&&c&=d&e=f=g&%zz');
      const before = [...p], size = p.size;
      p.append('x y', 'ü*-._~!'); p.set('a', '3'); p.delete('c'); p.sort();
      return [before, size, p.toString(), p.get('a'), p.getAll('a'), p.has('b'), p.has('b', 'x'), p.get('none'),
        String(new URLSearchParams({ a: 1, b: 'c' })), String(new URLSearchParams([['a', 'b'], ['a', 'c']]))]`);
  });

  it('gives back any pairs that were put in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }))), async (pairs) => {
        await expectSame('const p = new URLSearchParams(value); return [String(p), [...new URLSearchParams(String(p))]]', pairs);
      }),
      { numRuns: 50 },
    );
  });
});

describe('TextDecoder and TextEncoder', () => {
  const decode = (label: string, options = '{}') => `
    const decoder = new TextDecoder('${label}', ${options});
    try { return decoder.decode(new Uint8Array(value)) } catch (error) { return error.name }`;

  it.each([
    ['utf-8', '{}'],
    ['utf-8', '{ fatal: true }'],
    ['utf-8', '{ ignoreBOM: true }'],
    ['utf-16le', '{}'],
    ['utf-16le', '{ fatal: true }'],
    ['utf-16be', '{}'],
    ['latin1', '{}'],
  ])('decodes any bytes as Node does: %s %s', async (label, options) => {
    const byte = fc.oneof(
      fc.nat(255),
      fc.constantFrom(0xef, 0xbb, 0xbf, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80, 0xed, 0xa0, 0xc3, 0xbc, 0xd8, 0xdc, 0x41),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(byte, { maxLength: 24 }), (bytes) => expectSame(decode(label, options), bytes)),
      { numRuns: 60 },
    );
  });

  it('decodes in pieces what it decodes as a whole', async () => {
    const script = `
      const bytes = new Uint8Array(value.bytes), decoder = new TextDecoder();
      let text = '';
      for (let at = 0; at < bytes.length; at += value.step) text += decoder.decode(bytes.subarray(at, at + value.step), { stream: true });
      return text + decoder.decode()`;
    const bytes = [...Buffer.from('\ufeffaü€😀 \ufeffz'), 0xf0, 0x9f];
    for (const step of [1, 2, 3, 5, 100]) await expectSame(script, { bytes, step });
  });

  it('encodes any text, lone surrogates too', async () => {
    await expectSame('return [...new TextEncoder().encode(value)]', 'aü€😀');
    expect(await inGuest('return [...new TextEncoder().encode("a\\ud800b")]')).toEqual([97, 239, 191, 189, 98]);
    await expectSame(
      'const bytes = new Uint8Array(5); const { read, written } = new TextEncoder().encodeInto("aü€x", bytes); return [read, written, [...bytes]]',
    );
  });
});

describe('the other globals', () => {
  it.each([
    ["const h = new Headers([['B', '1'], ['a', '2'], ['b', '3']]); h.set('c', ' x '); h.delete('a'); return [[...h], h.get('B'), h.has('A')]"],
    ["try { new Headers({ 'a b': '1' }) } catch (error) { return error.name }"],
    [
      "const c = new AbortController(), seen = []; c.signal.addEventListener('abort', () => seen.push(1)); c.abort('why'); c.abort('again'); return [c.signal.aborted, c.signal.reason, seen]",
    ],
    ['try { AbortSignal.abort().throwIfAborted() } catch (error) { return error.name }'],
    [
      "const o = { d: new Date(5), m: new Map([[1, new Set([2])]]), b: new Uint8Array([1, 2]), e: new RangeError('x'), r: /a/g }; o.o = o; const c = structuredClone(o); return [c.o === c, c.d.getTime(), [...c.m.get(1)], [...c.b], c.e.name, c.e.message, String(c.r), c.d === o.d]",
    ],
    ['try { structuredClone(() => 1) } catch (error) { return error.name }'],
    ['return [btoa("hello"), atob("aGVsbG8="), typeof queueMicrotask]'],
    ['return [crypto.randomUUID().length, crypto.getRandomValues(new Uint8Array(4)).length]'],
    ['try { crypto.getRandomValues(new Uint8Array(65537)) } catch (error) { return error.name }'],
    [
      'return [JSON.stringify({ a: [1, { b: undefined }] }, null, 1), JSON.parse("[1]", (key, value) => (key === "0" ? 2 : value)), JSON.stringify(undefined) === undefined]',
    ],
    ['return new Response("x", { status: 201, headers: { a: "b" } }).ok'],
  ])('do what they do in Node: %s', async (script) => {
    await expectSame(script);
  });
});
