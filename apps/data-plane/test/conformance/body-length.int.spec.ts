import { describe } from '@jest/globals';
import { type Case, closed, passed, testCases, useGateway } from './cases.js';

const post = (...lines: readonly string[]): string => `POST /length HTTP/1.1\r\nHost: x\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
const chunked = 'Transfer-Encoding: chunked';
const noChunks = '0\r\n\r\n';

/**
 * Where a body ends (RFC 9112 sections 6.1 to 6.3). A message whose length can be read in two ways is refused, and nothing behind it is
 * taken for a request (section 11.2).
 */
describe('a request whose length is told', () => {
  const gateway = useGateway();

  describe('by Transfer-Encoding', () => {
    const cases: readonly Case[] = [
      [
        'chunked',
        `${post(chunked)}2\r\nhi\r\n${noChunks}`,
        passed({ body: 'hi', fields: { 'transfer-encoding': ['chunked'], 'content-length': [] } }),
      ],
      ['chunked in capitals', `${post('TRANSFER-ENCODING: CHUNKED')}2\r\nhi\r\n${noChunks}`, passed({ body: 'hi' })],
      ['with a Content-Length after it', `${post(chunked, 'Content-Length: 5')}${noChunks}`, closed],
      ['with a Content-Length before it', `${post('Content-Length: 5', chunked)}${noChunks}`, closed],
      ['with a Content-Length of 0', `${post(chunked, 'Content-Length: 0')}${noChunks}`, closed],
      ['with an empty Content-Length', `${post(chunked, 'Content-Length:')}${noChunks}`, closed],
      ['and a Content-Length that Connection names', `${post(chunked, 'Content-Length: 5', 'Connection: content-length')}${noChunks}`, closed],
      ['identity', `${post('Transfer-Encoding: identity')}${noChunks}`, closed],
      ['identity with a Content-Length', `${post('Transfer-Encoding: identity', 'Content-Length: 5')}${noChunks}`, closed],
      ['gzip', `${post('Transfer-Encoding: gzip')}${noChunks}`, closed],
      ['gzip, then chunked', `${post('Transfer-Encoding: gzip, chunked')}${noChunks}`, closed],
      ['chunked, then gzip', `${post('Transfer-Encoding: chunked, gzip')}${noChunks}`, closed],
      ['chunked twice in one field', `${post('Transfer-Encoding: chunked, chunked')}${noChunks}`, closed],
      ['chunked in two fields', `${post(chunked, chunked)}${noChunks}`, closed],
      ['identity in one field, chunked in the next', `${post('Transfer-Encoding: identity', chunked)}${noChunks}`, closed],
      ['chunked in one field, identity in the next', `${post(chunked, 'Transfer-Encoding: identity')}${noChunks}`, closed],
      ['chunked with a parameter', `${post('Transfer-Encoding: chunked;q=1')}${noChunks}`, closed],
      ['chunked in quotes', `${post('Transfer-Encoding: "chunked"')}${noChunks}`, closed],
      ['xchunked', `${post('Transfer-Encoding: xchunked')}${noChunks}`, closed],
      ['chunkedx', `${post('Transfer-Encoding: chunkedx')}${noChunks}`, closed],
      ['chun ked', `${post('Transfer-Encoding: chun ked')}${noChunks}`, closed],
      ['an empty member before chunked', `${post('Transfer-Encoding: ,chunked')}${noChunks}`, closed],
      ['an empty member after chunked', `${post('Transfer-Encoding: chunked,')}${noChunks}`, closed],
      ['nothing', `${post('Transfer-Encoding:')}${noChunks}`, closed],
      ['nothing, with a Content-Length', `${post('Transfer-Encoding:', 'Content-Length: 5')}${noChunks}`, closed],
      ['with a space before the colon', `${post('Transfer-Encoding : chunked')}${noChunks}`, closed],
      ['with a tab before the colon', `${post('Transfer-Encoding\t: chunked')}${noChunks}`, closed],
      ['with a vertical tab before the colon', `${post('Transfer-Encoding\x0b: chunked')}${noChunks}`, closed],
      ['with a vertical tab before the value', `${post('Transfer-Encoding:\x0bchunked')}${noChunks}`, closed],
      ['with a form feed after the value', `${post('Transfer-Encoding: chunked\x0c')}${noChunks}`, closed],
      ['with a tab before the value', `${post('Transfer-Encoding:\tchunked')}${noChunks}`, passed({ body: '' })],
      ['with white space after the value', `${post('Transfer-Encoding: chunked \t')}${noChunks}`, closed],
      ['with the value on a line of its own', `${post('Transfer-Encoding:', ' chunked')}${noChunks}`, closed],
      ['on the line of another header', `${post('X: 1\r Transfer-Encoding: chunked')}${noChunks}`, closed],
      ['of HTTP/1.0', `POST /length HTTP/1.0\r\nHost: x\r\n${chunked}\r\n\r\n${noChunks}`, closed],
      ['of HTTP/1.0 to be kept alive', `POST /length HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n${chunked}\r\n\r\n${noChunks}`, closed],
      ['of HTTP/1.0 with a Content-Length', `POST /length HTTP/1.0\r\nHost: x\r\nContent-Length: 5\r\n${chunked}\r\n\r\n${noChunks}`, closed],
      ['of a GET', `GET /length HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n`, closed],
    ];
    testCases(gateway, cases);
  });

  describe('by Content-Length', () => {
    const cases: readonly Case[] = [
      ['as a number', `${post('Content-Length: 2')}hi`, passed({ body: 'hi', fields: { 'content-length': ['2'], 'transfer-encoding': [] } })],
      ['of 0', post('Content-Length: 0'), passed({ body: '' })],
      ['not at all', post(), passed({ body: '' })],
      ['with zeros before it', `${post('Content-Length: 0002')}hi`, passed({ body: 'hi' })],
      ['of nothing but zeros', post('Content-Length: 00'), passed({ body: '' })],
      ['with white space about it', `${post('Content-Length: \t2 \t')}hi`, passed({ body: 'hi' })],
      ['of a GET', 'GET /length HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi', passed({ body: 'hi' })],
      ['of a DELETE', 'DELETE /length HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi', passed({ body: 'hi' })],
      ['when a part of a name looks like it', `${post('Content_Length: 5', 'X-Content-Length: 5', 'Content-Lengt: 5')}`, passed({ body: '' })],
      ['by Connection as one of its own', `${post('Content-Length: 2', 'Connection: content-length')}hi`, passed({ body: 'hi' })],
      ['twice, the same', `${post('Content-Length: 2', 'Content-Length: 2')}hi`, closed],
      ['twice, differently', `${post('Content-Length: 2', 'Content-Length: 40')}hi`, closed],
      ['twice in one field', `${post('Content-Length: 2, 2')}hi`, closed],
      ['of nothing', `${post('Content-Length:')}hi`, closed],
      ['of +2', `${post('Content-Length: +2')}hi`, closed],
      ['of -1', `${post('Content-Length: -1')}hi`, closed],
      ['of -0', `${post('Content-Length: -0')}hi`, closed],
      ['of 0x2', `${post('Content-Length: 0x2')}hi`, closed],
      ['of 2.0', `${post('Content-Length: 2.0')}hi`, closed],
      ['of 2e0', `${post('Content-Length: 2e0')}hi`, closed],
      ['of 1_0', `${post('Content-Length: 1_0')}0123456789`, closed],
      ['of 1 0', `${post('Content-Length: 1 0')}0123456789`, closed],
      ['in quotes', `${post('Content-Length: "2"')}hi`, closed],
      ['of 2^64', `${post('Content-Length: 18446744073709551616')}hi`, closed],
      ['of 2^64 + 2', `${post('Content-Length: 18446744073709551618')}hi`, closed],
      ['of 400 digits', `${post(`Content-Length: ${'9'.repeat(400)}`)}hi`, closed],
      ['with a space before the colon', `${post('Content-Length : 2')}hi`, closed],
      ['with a NUL behind it', `${post('Content-Length: 2\0')}hi`, closed],
      ['on a folded line', `${post('Content-Length:', ' 2')}hi`, closed],
    ];
    testCases(gateway, cases);
  });
});
