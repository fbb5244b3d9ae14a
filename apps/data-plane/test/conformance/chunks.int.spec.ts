import { describe } from '@jest/globals';
import { type Case, closed, passed, testCases, useGateway } from './cases.js';

const chunked = (body: string, ...fields: string[]): string =>
  `POST /chunks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n${body}`;
const end = '0\r\n\r\n';
const hi = passed({ body: 'hi' });

/** The chunked coding (RFC 9112 section 7.1): read to the letter, and written anew for the upstream. */
describe('a body in chunks', () => {
  const gateway = useGateway();

  describe('with a size', () => {
    const cases: readonly Case[] = [
      ['in lower case', chunked(`a\r\n0123456789\r\n${end}`), passed({ body: '0123456789' })],
      ['in upper case', chunked(`A\r\n0123456789\r\n${end}`), passed({ body: '0123456789' })],
      ['with zeros before it', chunked(`0000000002\r\nhi\r\n${end}`), hi],
      ['of several chunks', chunked(`1\r\nh\r\n1\r\ni\r\n${end}`), hi],
      ['of zeros at the end', chunked('2\r\nhi\r\n000\r\n\r\n'), hi],
      ['of 2^64 + 2', chunked(`10000000000000002\r\nhi\r\n${end}`), closed],
      ['of 17 digits', chunked(`fffffffffffffffff\r\nhi\r\n${end}`), closed],
      ['after a plus', chunked(`+2\r\nhi\r\n${end}`), closed],
      ['after a minus', chunked(`-2\r\nhi\r\n${end}`), closed],
      ['after 0x', chunked(`0x2\r\nhi\r\n${end}`), closed],
      ['with an underscore', chunked(`0_2\r\nhi\r\n${end}`), closed],
      ['with a dot', chunked(`2.0\r\nhi\r\n${end}`), closed],
      ['after a space', chunked(` 2\r\nhi\r\n${end}`), closed],
      ['before a space', chunked(`2 \r\nhi\r\n${end}`), closed],
      ['before a tab', chunked(`2\t\r\nhi\r\n${end}`), closed],
      ['before a NUL', chunked(`2\0\r\nhi\r\n${end}`), closed],
      ['that is no hexadecimal number', chunked(`g\r\nhi\r\n${end}`), closed],
      ['that is missing', chunked(`\r\nhi\r\n${end}`), closed],
    ];
    testCases(gateway, cases);
  });

  describe('with line ends', () => {
    const cases: readonly Case[] = [
      ['of LF alone after the size', chunked(`2\nhi\r\n${end}`), closed],
      ['of CR alone after the size', chunked(`2\rhi\r\n${end}`), closed],
      ['of LF alone after the bytes', chunked(`2\r\nhi\n${end}`), closed],
      ['of CR alone after the bytes', chunked(`2\r\nhi\r${end}`), closed],
      ['missing after the bytes', chunked(`2\r\nhi${end}`), closed],
      ['of LF alone after the last size', chunked('2\r\nhi\r\n0\n\r\n'), closed],
      ['of LF alone at the very end', chunked('2\r\nhi\r\n0\r\n\n'), closed],
      ['of CR alone at the very end', chunked('2\r\nhi\r\n0\r\n\r'), closed],
      ['after fewer bytes than were told', chunked(`3\r\nhi\r\n${end}`), closed],
      ['after more bytes than were told', chunked(`1\r\nhi\r\n${end}`), closed],
    ];
    testCases(gateway, cases);
  });

  describe('with extensions', () => {
    const cases: readonly Case[] = [
      ['of a name and a value', chunked(`2;a=b\r\nhi\r\n${end}`), hi],
      ['in quotes', chunked(`2;a="b;c"\r\nhi\r\n${end}`), hi],
      ['at the last chunk', chunked('2\r\nhi\r\n0;a=b\r\n\r\n'), hi],
      ['ended by LF alone', chunked(`2;a=b\nhi\r\n${end}`), closed],
      ['ended by LF alone, with a size behind it', chunked(`2;\n10\r\nhi\r\n${end}`), closed],
      ['ended by CR alone', chunked(`2;a=b\rhi\r\n${end}`), closed],
      ['with LF in the quotes', chunked(`2;a="\n"\r\nhi\r\n${end}`), closed],
      ['with CRLF in the quotes', chunked(`2;a="\r\n0\r\n\r\n"\r\nhi\r\n${end}`), closed],
      ['with NUL', chunked(`2;a=\0\r\nhi\r\n${end}`), closed],
      ['after a space', chunked(`2 ;a=b\r\nhi\r\n${end}`), closed],
      ['of 20 KB', chunked(`2;a=${'b'.repeat(20_000)}\r\nhi\r\n${end}`), ['closed', 413]],
      ['of 20 KB over many chunks', chunked(`${`1;a=${'b'.repeat(1_000)}\r\nx\r\n`.repeat(20)}${end}`), passed({ body: 'x'.repeat(20) })],
    ];
    testCases(gateway, cases);
  });

  describe('with trailers', () => {
    const cases: readonly Case[] = [
      ['of a field', chunked('2\r\nhi\r\n0\r\nX-Late: 1\r\n\r\n'), passed({ body: 'hi', fields: { 'x-late': [] }, trailers: [['X-Late', '1']] })],
      [
        'of several fields',
        chunked('2\r\nhi\r\n0\r\nX-Late: 1\r\nX-Sum: \r\nx-late: 2\r\n\r\n'),
        passed({
          body: 'hi',
          trailers: [
            ['X-Late', '1'],
            ['X-Sum', ''],
            ['x-late', '2'],
          ],
        }),
      ],
      [
        'that were announced',
        chunked('2\r\nhi\r\n0\r\nX-Late: 1\r\n\r\n', 'Trailer: X-Late'),
        passed({ body: 'hi', fields: { trailer: ['X-Late'] }, trailers: [['X-Late', '1']] }),
      ],
      [
        'that Connection lists',
        chunked('2\r\nhi\r\n0\r\nX-Late: 1\r\nX-Hop: 1\r\n\r\n', 'Connection: x-hop'),
        passed({ body: 'hi', trailers: [['X-Late', '1']] }),
      ],
      [
        'of what is a header already',
        chunked('2\r\nhi\r\n0\r\nX-User: admin\r\nX-Late: 1\r\n\r\n', 'x-user: alice'),
        passed({ body: 'hi', fields: { 'x-user': ['alice'] }, trailers: [['X-Late', '1']] }),
      ],
      ['of a Host', chunked('2\r\nhi\r\n0\r\nHost: late\r\n\r\n'), passed({ body: 'hi', trailers: [] })],
      [
        'of an X-Forwarded-For',
        chunked('2\r\nhi\r\n0\r\nX-Forwarded-For: 1.2.3.4\r\nX-Late: 1\r\n\r\n'),
        passed({ body: 'hi', trailers: [['X-Late', '1']] }),
      ],
      ['after no body', chunked('0\r\nX-Late: 1\r\n\r\n'), passed({ body: '', fields: { 'x-late': [] }, trailers: [] })],
      [
        'of an Authorization',
        chunked('2\r\nhi\r\n0\r\nAuthorization: late\r\n\r\n'),
        passed({ body: 'hi', fields: { authorization: [] }, trailers: [] }),
      ],
      ['of a Content-Length', chunked('2\r\nhi\r\n0\r\nContent-Length: 5\r\n\r\n'), closed],
      ['of a Transfer-Encoding', chunked('2\r\nhi\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n'), closed],
      ['with a space in the name', chunked('2\r\nhi\r\n0\r\nX Late: 1\r\n\r\n'), closed],
      ['that are folded', chunked('2\r\nhi\r\n0\r\nX-Late: 1\r\n 2\r\n\r\n'), closed],
      ['ended by LF alone', chunked('2\r\nhi\r\n0\r\nX-Late: 1\n\r\n'), closed],
      ['of 64 KB', chunked(`2\r\nhi\r\n0\r\nX-Late: ${'a'.repeat(65_536)}\r\n\r\n`), ['closed', 431]],
    ];
    testCases(gateway, cases);
  });
});
