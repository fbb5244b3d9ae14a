import { describe } from '@jest/globals';
import { type Case, closed, passed, refused, testCases, useGateway } from './cases.js';

const get = (line: string): string => `${line}\r\nHost: x\r\n\r\n`;

/** RFC 9112 sections 2.2, 2.3 and 3. */
describe('a request line', () => {
  const gateway = useGateway();

  describe('with a version', () => {
    const cases: readonly Case[] = [
      ['HTTP/1.1', get('GET /v HTTP/1.1'), passed({ target: '/v' })],
      ['HTTP/1.2', get('GET /v HTTP/1.2'), closed],
      ['HTTP/1.10', get('GET /v HTTP/1.10'), closed],
      ['HTTP/1.', get('GET /v HTTP/1.'), closed],
      ['HTTP/01.1', get('GET /v HTTP/01.1'), closed],
      ['HTTP/2.0', get('GET /v HTTP/2.0'), closed],
      ['HTTP/0.9', get('GET /v HTTP/0.9'), closed],
      ['none and headers', get('GET /v'), closed],
      ['none, as HTTP/0.9 has it', 'GET /v\r\n', closed],
      ['http/1.1', get('GET /v http/1.1'), closed],
      ['HTTP 1.1', get('GET /v HTTP 1.1'), closed],
      ['of another protocol', get('SETUP /v RTSP/1.0'), closed],
      ['of yet another protocol', get('SOURCE /v ICE/1.0'), closed],
      ['HTTP/2 from the start', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', closed],
    ];
    testCases(gateway, cases);
  });

  describe('with a method', () => {
    const cases: readonly Case[] = [
      ...['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'REPORT'].map(
        (method): Case => [method, get(`${method} /m HTTP/1.1`), passed({ target: '/m' })],
      ),
      ['in lower case', get('get /m HTTP/1.1'), closed],
      ['that nobody knows', get('FOO /m HTTP/1.1'), closed],
      ['of another protocol', get('SOURCE /m HTTP/1.1'), closed],
      ['that is missing', get(' /m HTTP/1.1'), closed],
      ['with a control character', get('GE\x01T /m HTTP/1.1'), closed],
    ];
    testCases(gateway, cases);
  });

  describe('with white space', () => {
    const cases: readonly Case[] = [
      ['of CRLF before it', `\r\n\r\n${get('GET /w HTTP/1.1')}`, passed({ target: '/w' })],
      ['of two spaces after the method', get('GET  /w HTTP/1.1'), passed({ target: '/w' })],
      ['of two spaces before the version', get('GET /w  HTTP/1.1'), passed({ target: '/w' })],
      ['of a space before it', ` ${get('GET /w HTTP/1.1')}`, closed],
      ['of a space after it', get('GET /w HTTP/1.1 '), closed],
      ['of tabs between its parts', get('GET\t/w\tHTTP/1.1'), closed],
      ['in the target', get('GET /w w HTTP/1.1'), closed],
      ['of LF alone at its end', 'GET /w HTTP/1.1\nHost: x\r\n\r\n', closed],
      ['of CR alone at its end', 'GET /w HTTP/1.1\rHost: x\r\n\r\n', closed],
    ];
    testCases(gateway, cases);
  });

  describe('with a target', () => {
    const longest = `/${'a'.repeat(30_000)}`;
    const cases: readonly Case[] = [
      ['with a query', get('GET /t?a=b&a=%20&&=?/ HTTP/1.1'), passed({ target: '/t?a=b&a=%20&&=?/' })],
      ['with an empty query', get('GET /t? HTTP/1.1'), passed()],
      ['of 30,000 characters', get(`GET ${longest} HTTP/1.1`), passed({ target: longest })],
      ['of 33,000 characters', get(`GET /${'a'.repeat(33_000)} HTTP/1.1`), ['closed', 431]],
      ['in absolute form', get('GET http://x/t?q HTTP/1.1'), passed({ target: '/t?q' })],
      ['in absolute form without a path', get('GET http://x HTTP/1.1'), passed({ target: '/' })],
      ['in absolute form with a query alone', get('GET http://x?q HTTP/1.1'), passed({ target: '/?q' })],
      ['in absolute form with a user', get('GET http://user@x/t HTTP/1.1'), refused],
      ['in absolute form of another scheme', get('GET ftp://x/t HTTP/1.1'), refused],
      ['in absolute form without a host', get('GET http:///t HTTP/1.1'), refused],
      ['in absolute form with a port that is none', get('GET http://x:80a/t HTTP/1.1'), refused],
      ['in authority form', get('GET x:80 HTTP/1.1'), closed],
      ['in asterisk form', get('OPTIONS * HTTP/1.1'), refused],
      ['of an asterisk with GET', get('GET * HTTP/1.1'), refused],
      ['without a slash at its beginning', get('GET t HTTP/1.1'), closed],
      ['with a fragment', get('GET /t#f HTTP/1.1'), refused],
      ['with a fragment in the query', get('GET /t?q#f HTTP/1.1'), refused],
      ['with NUL', get('GET /t\0 HTTP/1.1'), closed],
      ['with a control character', get('GET /t\x01 HTTP/1.1'), closed],
      ['with DEL', get('GET /t\x7f HTTP/1.1'), closed],
      ['with a tab', get('GET /t\tt HTTP/1.1'), closed],
      ['with a form feed', get('GET /t\x0ct HTTP/1.1'), closed],
      ['with bytes above 127', get('GET /t\xc3\xa9 HTTP/1.1'), closed],
      ['with CR', get('GET /t\rX: HTTP/1.1'), closed],
    ];
    testCases(gateway, cases);
  });
});
