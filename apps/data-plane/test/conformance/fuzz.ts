import fc from 'fast-check';
import { type Field, listOf } from './fields.js';
import type { ReferenceRequest } from './reference-request.js';

/**
 * Streams of requests made of pieces: most of them right, some that only look right, some with bytes changed, cut out, doubled or put
 * in. What is right about them is the reference parser's to say.
 */
export function requestStreams(): fc.Arbitrary<string> {
  const requests = fc.array(aRequest(), { minLength: 1, maxLength: 4 }).map((all) => all.join(''));
  return fc.oneof(
    { weight: 2, arbitrary: requests },
    {
      weight: 3,
      arbitrary: fc.tuple(requests, fc.array(aMutation(), { minLength: 1, maxLength: 3 })).map(([text, mutations]) => mutated(text, mutations)),
    },
  );
}

/** Somewhere in a text, from 0 to 1, evenly: fast-check would favour the ends. */
export function aPlace(): fc.Arbitrary<number> {
  return fc.noBias(fc.integer({ min: 0, max: 9_999 })).map((place) => place / 10_000);
}

/** Streams in which nothing is wrong. */
export function plainStreams(): fc.Arbitrary<string> {
  const path = fc.stringMatching(/^\/[a-z]{0,8}(\?[a-z=&]{0,8})?$/);
  const value = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);
  const body = fc.stringMatching(/^[ -~]{0,30}$/);
  const request = fc.record({ path, value, body, isChunked: fc.boolean() }).map(({ path: target, value: text, body: content, isChunked }) => {
    const framing = isChunked ? `Transfer-Encoding: chunked\r\n\r\n${chunksOf(content)}` : `Content-Length: ${content.length}\r\n\r\n${content}`;
    return `POST ${target} HTTP/1.1\r\nHost: x\r\nX-A: ${text}\r\n${framing}`;
  });
  return fc.array(request, { minLength: 1, maxLength: 4 }).map((all) => all.join(''));
}

/** What must be the same on both sides of the gateway. */
export function essenceOf({ method, target, fields, body, trailers: late }: ReferenceRequest): string {
  const named = new Set([...listOf(fields, 'connection'), ...notCompared]);
  const kept = fields.filter(([name]) => !named.has(name.toLowerCase()) && !isOurs(name)).map(([name, value]) => `${name}: ${value}`);
  const early = new Set(fields.map(([name]) => name.toLowerCase()));
  const goesOn = (name: string): boolean => !named.has(name) && !early.has(name) && !isOurs(name);
  // Where there is no body there is no chunk that trailers could follow.
  const keptLate = body === '' ? [] : late.filter(([name]) => goesOn(name.toLowerCase())).map(([name, value]) => `${name}: ${value}`);
  return JSON.stringify([method, pathOf(target), kept, body, keptLate]);
}

const notCompared = [
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** Which the gateway sets or adds to. */
function isOurs(name: Field[0]): boolean {
  return /^(forwarded|x-forwarded-(for|host|port|proto)|x-request-id)$/i.test(name);
}

/** A target in absolute form goes on as its path. */
function pathOf(target: string): string {
  const [, rest] = /^https?:\/\/[^/?]*(.*)$/i.exec(target) ?? [];
  if (rest === undefined) return withoutEmptyQuery(target);
  return withoutEmptyQuery(rest.startsWith('/') ? rest : `/${rest}`);
}

function withoutEmptyQuery(target: string): string {
  return target.endsWith('?') && target.indexOf('?') === target.length - 1 ? target.slice(0, -1) : target;
}

const methods = fc.constantFrom('GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS');
const targets = fc.oneof(
  { weight: 12, arbitrary: fc.stringMatching(/^\/[a-z0-9/;-]{0,12}(\?[a-z=&%]{0,8})?$/) },
  { weight: 2, arbitrary: fc.stringMatching(/^\/[a-z%25./]{0,8}$/) },
  { weight: 1, arbitrary: fc.constantFrom('*', 'http://x/abs?q', 'http://y', 'x:80', '/a#b', '/a\\b', '//a', '/%2e%2e/a', '/a\tb', '') },
);
const versions = fc.oneof(
  { weight: 30, arbitrary: fc.constant('HTTP/1.1') },
  { weight: 2, arbitrary: fc.constantFrom('HTTP/1.0', 'HTTP/1.2', 'HTTP/0.9', 'http/1.1', 'HTTP/2.0', '') },
);
const lineEnds = fc.oneof({ weight: 150, arbitrary: fc.constant('\r\n') }, { weight: 1, arbitrary: fc.constantFrom('\n', '\r', '\r\r\n', '\n\r') });
const lines = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.tuple(fc.stringMatching(/^X-[A-Za-z_]{1,6}$/), fc.stringMatching(/^[!-~]{0,12}$/)).map(([name, value]) => `${name}: ${value}`),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'Host: y',
      'Connection: close',
      'Connection: keep-alive',
      'Connection: x-a, host',
      'Connection: content-length',
      'Connection: transfer-encoding',
      'Expect: 100-continue',
      'Transfer-Encoding: chunked',
      'Transfer-Encoding: identity',
      'Transfer-Encoding: gzip, chunked',
      'Transfer-Encoding : chunked',
      'Content-Length: 0',
      'Content-Length: 3',
      'Content-Length: 0x3',
      'content-length: 3, 3',
      'X-Folded: a\r\n b',
      ': empty',
      'X-Nul: \0',
      'X-High: \xff',
      'Upgrade: websocket',
      'Keep-Alive: 5',
    ),
  },
);
const contents = fc.oneof(fc.stringMatching(/^[ -~]{0,40}$/), fc.constant('GET /inner HTTP/1.1\r\nHost: x\r\n\r\n'), fc.constant('0\r\n\r\n'));
const sizes = fc.oneof(
  { weight: 30, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.constantFrom(';a=b', ';a="b"', ' ', ';\n', ';a=b\r', '\t', ';x=\0') },
);
const prefixes = fc.oneof(
  { weight: 30, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.constantFrom('0', '0x', '+', '-', '00000000000000000', '1000000000000000') },
);
const trailers = fc.oneof(
  { weight: 20, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.constantFrom('X-Late: 1\r\n', 'Content-Length: 3\r\n', 'Host: z\r\n', 'bad\r\n', ' fold\r\n') },
);

function aRequest(): fc.Arbitrary<string> {
  return fc
    .record({
      method: methods,
      target: targets,
      version: versions,
      hosts: fc.oneof({ weight: 30, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constantFrom(0, 2) }),
      more: fc.array(lines, { maxLength: 3 }),
      ends: fc.array(lineEnds, { minLength: 8, maxLength: 8 }),
      content: contents,
      framing: fc.constantFrom('none', 'length', 'length', 'chunks', 'chunks'),
      wrong: fc.oneof({ weight: 20, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: -3, max: 3 }) }),
      size: sizes,
      prefix: prefixes,
      trailer: trailers,
    })
    .map((part) => {
      const body = part.framing === 'length' ? part.content : part.framing === 'chunks' ? chunksOf(part.content, part) : '';
      const told =
        part.framing === 'length'
          ? [`Content-Length: ${part.content.length + part.wrong}`]
          : part.framing === 'chunks'
            ? ['Transfer-Encoding: chunked']
            : [];
      const all = [
        `${part.method} ${part.target} ${part.version}`,
        ...Array.from({ length: part.hosts }, () => 'Host: x'),
        ...part.more,
        ...told,
        '',
      ];
      return `${all.map((line, index) => `${line}${part.ends[index] ?? '\r\n'}`).join('')}${body}`;
    });
}

function chunksOf(content: string, { size = '', prefix = '', trailer = '', wrong = 0 } = {}): string {
  const middle = Math.floor(content.length / 2);
  const chunks = [content.slice(0, middle), content.slice(middle)].filter((chunk) => chunk !== '');
  const written = chunks.map((chunk) => `${prefix}${Math.max(0, chunk.length + wrong).toString(16)}${size}\r\n${chunk}\r\n`);
  return `${written.join('')}0\r\n${trailer}\r\n`;
}

interface Mutation {
  readonly kind: 'replace' | 'insert' | 'remove' | 'double';
  /** Of the text, from 0 to 1. */
  readonly place: number;
  readonly bytes: string;
  readonly length: number;
}

function aMutation(): fc.Arbitrary<Mutation> {
  return fc.record({
    kind: fc.constantFrom('replace', 'insert', 'remove', 'double'),
    place: aPlace(),
    bytes: fc.oneof(
      fc.constantFrom(
        '\r',
        '\n',
        '\r\n',
        '\r\n\r\n',
        ' ',
        '\t',
        ':',
        ',',
        ';',
        '\0',
        '\x0b',
        '\x0c',
        '\x7f',
        '\xa0',
        '0',
        '+',
        '-',
        '\r\n ',
        '%',
        '/',
      ),
      fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)),
    ),
    length: fc.integer({ min: 1, max: 12 }),
  });
}

function mutated(text: string, mutations: readonly Mutation[]): string {
  let changed = text;
  for (const { kind, place, bytes, length } of mutations) {
    const at = Math.floor(place * changed.length);
    const [head, cut, tail] = [changed.slice(0, at), changed.slice(at, at + length), changed.slice(at + length)];
    const middles = { replace: `${bytes}${cut.slice(bytes.length)}`, insert: `${bytes}${cut}`, remove: '', double: `${cut}${cut}` };
    changed = `${head}${middles[kind]}${tail}`;
  }
  return changed;
}
