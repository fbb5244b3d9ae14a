import { describe } from '@jest/globals';
import { type Case, closed, passed, refused, testCases, useGateway } from './cases.js';

const withLine = (line: string): string => `GET /fields HTTP/1.1\r\nHost: x\r\n${line}\r\n\r\n`;

/** RFC 9112 section 5 and RFC 9110 section 5.5. */
describe('a header', () => {
  const gateway = useGateway();

  describe('with a name', () => {
    const cases: readonly Case[] = [
      ['of all characters that it may have', withLine("!#$%&'*+-.^_`|~09azAZ: 1"), passed({ fields: { "!#$%&'*+-.^_`|~09azaz": ['1'] } })],
      ['with a dash and one with an underscore', withLine('X-User: a\r\nX_User: b'), passed({ fields: { 'x-user': ['a'], x_user: ['b'] } })],
      ['that comes twice', withLine('X-Two: 1\r\nx-two: 2'), passed({ fields: { 'x-two': ['1', '2'] } })],
      [
        'of an object of the language',
        withLine('__proto__: 1\r\nconstructor: 2'),
        passed({ fields: { __proto__: ['1'], constructor: ['2'] } as never }),
      ],
      ['that is empty', withLine(': 1'), closed],
      ['and a space before the colon', withLine('X-A : 1'), closed],
      ['and a tab before the colon', withLine('X-A\t: 1'), closed],
      ['with a space in it', withLine('X A: 1'), closed],
      ['with NUL', withLine('X-\0A: 1'), closed],
      ['with a control character', withLine('X-\x1fA: 1'), closed],
      ['with a byte above 127', withLine('X-\xe9: 1'), closed],
      ['with a bracket', withLine('X(A): 1'), closed],
      ['in quotes', withLine('"X-A": 1'), closed],
      ['and no colon', withLine('X-A'), closed],
      ['of spaces', withLine('  : 1'), closed],
    ];
    testCases(gateway, cases);
  });

  describe('with a value', () => {
    const cases: readonly Case[] = [
      ['that is empty', withLine('X-A:'), passed({ fields: { 'x-a': [''] } })],
      ['without a space before it', withLine('X-A:1'), passed({ fields: { 'x-a': ['1'] } })],
      ['and white space about it', withLine('X-A: \t 1 \t '), passed({ fields: { 'x-a': ['1'] } })],
      ['with a tab in it', withLine('X-A: 1\t2'), passed({ fields: { 'x-a': ['1\t2'] } })],
      ['of bytes above 127', withLine('X-A: \xc3\xa9\xff\x80'), passed({ fields: { 'x-a': ['\xc3\xa9\xff\x80'] } })],
      ['with colons and commas', withLine('X-A: a: b, c:'), passed({ fields: { 'x-a': ['a: b, c:'] } })],
      ['with NUL', withLine('X-A: 1\x002'), closed],
      ['with a control character', withLine('X-A: 1\x012'), closed],
      ['with a vertical tab', withLine('X-A: 1\x0b2'), closed],
      ['with DEL', withLine('X-A: 1\x7f2'), closed],
      ['with an escape', withLine('X-A: \x1b[31m'), closed],
      ['that is folded with a space', withLine('X-A: 1\r\n 2'), closed],
      ['that is folded with a tab', withLine('X-A: 1\r\n\t2'), closed],
      ['that begins on the next line', withLine('X-A:\r\n 1'), closed],
      ['folded from the first line on', 'GET /fields HTTP/1.1\r\n X-A: 1\r\nHost: x\r\n\r\n', closed],
    ];
    testCases(gateway, cases);
  });

  describe('with a line end', () => {
    const cases: readonly Case[] = [
      ['of LF alone', 'GET /fields HTTP/1.1\r\nHost: x\nX-A: 1\r\n\r\n', closed],
      ['of CR alone', 'GET /fields HTTP/1.1\r\nHost: x\rX-A: 1\r\n\r\n', closed],
      ['of CR CR LF', 'GET /fields HTTP/1.1\r\nHost: x\r\r\n\r\n', closed],
      ['of LF CR', 'GET /fields HTTP/1.1\r\nHost: x\n\rX-A: 1\r\n\r\n', closed],
      ['of LF alone after the last', 'GET /fields HTTP/1.1\r\nHost: x\r\n\n', closed],
      ['of LF LF', 'GET /fields HTTP/1.1\r\nHost: x\n\n', closed],
      ['of CR alone after the last', 'GET /fields HTTP/1.1\r\nHost: x\r\n\r', closed],
    ];
    testCases(gateway, cases);
  });

  describe('of a size', () => {
    const cases: readonly Case[] = [
      ['of 16 KB', withLine(`X-A: ${'a'.repeat(16_384)}`), passed({ fields: { 'x-a': ['a'.repeat(16_384)] } })],
      ['of 33 KB', withLine(`X-A: ${'a'.repeat(33_000)}`), ['closed', 431]],
      ['of 33 KB in its name', withLine(`X-${'a'.repeat(33_000)}: 1`), ['closed', 431]],
      ['of 33 KB beside others', withLine(`X-A: ${'a'.repeat(1_000)}\r\n`.repeat(33)), ['closed', 431]],
      [
        'of which there are 150',
        withLine(Array.from({ length: 150 }, (_, index) => `X-${index}: 1`).join('\r\n')),
        passed({ fields: { 'x-0': ['1'], 'x-149': ['1'] } }),
      ],
      ['of which there are 250', withLine(Array.from({ length: 250 }, (_, index) => `X-${index}: 1`).join('\r\n')), ['closed', 431]],
    ];
    testCases(gateway, cases);
  });

  describe('Host', () => {
    const withHosts = (...lines: readonly string[]): string => `GET /host HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
    const cases: readonly Case[] = [
      ['with a port', withHosts('Host: a.example:8080'), passed({ fields: { host: ['a.example:8080'] } })],
      ['of an IPv6 address', withHosts('Host: [::1]:80'), passed({ fields: { host: ['[::1]:80'] } })],
      ['in capitals', withHosts('HOST: A.Example'), passed({ fields: { host: ['A.Example'] } })],
      ['that is empty', withHosts('Host:'), passed()],
      [
        'with another one in the target',
        'GET http://b.example/host HTTP/1.1\r\nHost: a.example\r\n\r\n',
        passed({ fields: { host: ['b.example'] } }),
      ],
      ['that Connection names', withHosts('Host: a.example', 'Connection: host'), passed({ fields: { host: ['a.example'] } })],
      ['that is missing', withHosts(), refused],
      ['that is missing, with one in the target', 'GET http://b.example/host HTTP/1.1\r\n\r\n', refused],
      ['twice, the same', withHosts('Host: a.example', 'Host: a.example'), refused],
      ['twice, differently', withHosts('Host: a.example', 'host: b.example'), refused],
      ['twice, with one in the target', 'GET http://a.example/host HTTP/1.1\r\nHost: a.example\r\nHost: a.example\r\n\r\n', refused],
      ['with a user', withHosts('Host: user@a.example'), refused],
      ['with a path', withHosts('Host: a.example/b'), refused],
      ['with a query', withHosts('Host: a.example?b'), refused],
      ['with a fragment', withHosts('Host: a.example#b'), refused],
      ['with a space', withHosts('Host: a.example b.example'), refused],
      ['of two names', withHosts('Host: a.example, b.example'), refused],
      ['of two names without a space', withHosts('Host: a.example,b.example'), refused],
      ['with a port that is none', withHosts('Host: a.example:80a'), refused],
      ['with two ports', withHosts('Host: a.example:80:80'), refused],
      ['with a port below 0', withHosts('Host: a.example:-1'), refused],
      ['with a port that is too large', withHosts('Host: a.example:65536'), refused],
      ['with a bracket that is not closed', withHosts('Host: [::1'), refused],
      ['with a backslash', withHosts('Host: a\\b'), refused],
      ['with bytes above 127', withHosts('Host: \xe9.example'), refused],
      ['with NUL', withHosts('Host: a\0b'), closed],
      ['with a space before the colon', withHosts('Host : a.example'), closed],
    ];
    testCases(gateway, cases);
  });
});
