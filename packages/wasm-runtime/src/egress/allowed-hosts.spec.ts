import { describe, expect, it } from '@jest/globals';
import { isAllowedHost } from './allowed-hosts.js';

const allows = (url: string, ...allowedHosts: string[]): boolean => isAllowedHost(new URL(url), allowedHosts);

describe('isAllowedHost', () => {
  it('allows nothing by an empty list', () => {
    expect(allows('https://example.com/')).toBe(false);
  });

  it.each([
    ['https://example.com/x', 'example.com'],
    ['http://example.com/x', 'example.com'],
    ['https://EXAMPLE.com./', 'Example.COM'],
    ['https://example.com/', 'example.com.'],
    ['https://api.data.gouv.fr/', '*.data.gouv.fr'],
    ['https://a.b.data.gouv.fr./', '*.DATA.gouv.fr'],
    ['https://example.com/', 'https://example.com'],
    ['http://example.com:8080/', 'example.com:8080'],
    ['https://example.com:8080/', 'example.com:8080'],
    ['http://example.com:8080/', 'http://example.com:8080'],
    ['http://[::1]:3000/', '[::1]:3000'],
    ['https://bücher.example/', 'xn--bcher-kva.example'],
    ['https://xn--bcher-kva.example/', 'BÜCHER.example'],
    ['https://www.xn--bcher-kva.example/', '*.bücher.example'],
    ['http://127.0.0.1/', '0x7f.1'],
    ['http://[::ffff:7f00:1]/', '[::ffff:127.0.0.1]'],
  ])('allows %s by %s', (url, allowed) => {
    expect(allows(url, 'something.else', allowed)).toBe(true);
  });

  it.each([
    ['https://data.gouv.fr/', '*.data.gouv.fr'],
    ['https://evildata.gouv.fr/', '*.data.gouv.fr'],
    ['https://api.data.gouv.fr.evil.com/', '*.data.gouv.fr'],
    ['https://example.com.evil.com/', 'example.com'],
    ['https://example.com:8443/', 'example.com'],
    ['http://example.com:443/', 'example.com'],
    ['http://example.com/', 'https://example.com'],
    ['https://example.com/', 'example.com:8080'],
    ['https://anything/', '*'],
    ['https://anything.com/', '*.'],
    ['https://a.com/', '*.*'],
    ['https://exampleXcom/', 'example.com'],
    ['https://user.com/', 'https://user@user.com'],
    ['https://example.com/', 'ftp://example.com'],
    ['https://example.com/', 'example.com/path'],
    ['https://example.com/', 'example.com?x'],
    ['https://example.com/', 'example.com\\x'],
    ['https://example.com/', 'ex%61mple.com:0443'],
    ['https://example.com/', '[example.com]'],
  ])('does not allow %s by %s', (url, allowed) => {
    expect(allows(url, allowed)).toBe(false);
  });
});
