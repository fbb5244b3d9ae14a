import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AddressGuard } from './address-guard.js';

const guard = new AddressGuard(['10.1.0.0/16', '127.0.0.0/8', '169.254.0.0/16', 'fd00::/8', '::/0', '100.64.0.0/10']);

describe('AddressGuard', () => {
  it.each(['8.8.8.8', '93.184.216.34', '2606:4700::1111', '::ffff:8.8.8.8'])('lets everyone reach public %s', (address) => {
    expect(guard.allows(address, false)).toBe(true);
  });

  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.0.1',
    '169.254.1.1',
    '172.16.0.1',
    '192.168.1.1',
    '192.0.2.1',
    '198.18.0.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '::ffff:0:127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::7f00:1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    'fc00::1',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '100::1',
    '4000::1',
    'example.com',
    '',
    '1.2.3',
  ])('keeps %s from plugins that may not reach private addresses', (address) => {
    expect(guard.allows(address, false)).toBe(false);
  });

  it('opens the ranges of the operator, and only these, to those that may', () => {
    expect(guard.allows('10.1.2.3', true)).toBe(true);
    expect(guard.allows('::ffff:10.1.2.3', true)).toBe(true);
    expect(guard.allows('127.0.0.1', true)).toBe(true);
    expect(guard.allows('10.2.0.1', true)).toBe(false);
    expect(guard.allows('192.168.0.1', true)).toBe(false);
  });

  it.each([
    '169.254.169.254',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    'fd00:ec2::254',
    'fd00:0ec2:0::0254',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '169.254.170.2',
    '169.254.1.1',
    'fd20:ce::254',
    'fd00:42::42',
    'fe80::a9fe:a9fe',
  ])('opens the metadata or link-local address %s to nobody', (address) => {
    expect(guard.allows(address, true)).toBe(false);
  });

  it.each(['64:ff9b::a9fe:a9fe', '2002:a9fe:a9fe::', '::a9fe:a9fe', '::ffff:0:a9fe:a9fe'])(
    'does not open metadata to forms that carry its address within (%s)',
    (address) => {
      expect(guard.allows(address, true)).toBe(false);
    },
  );

  it('refuses a range that cannot be read', () => {
    expect(() => new AddressGuard(['10.0.0.0/99'])).toThrow();
  });

  it('closes addresses of this machine and its networks however they are written in a URL', () => {
    const closed = new AddressGuard([]);
    const octet = fc.integer({ min: 0, max: 255 });
    const first = fc.constantFrom([127], [10], [192, 168], [172, 16], [169, 254], [0], [100, 64]);
    const address = fc.tuple(first, octet, octet, octet).map(([known, ...rest]) => [...known, ...rest].slice(0, 4));
    fc.assert(
      fc.property(
        address,
        fc.array(fc.constantFrom(10, 8, 16), { minLength: 4, maxLength: 4 }),
        fc.integer({ min: 1, max: 4 }),
        (octets, bases, parts) => {
          const url = new URL(`http://${written(octets, bases, parts)}/`);
          expect(url.hostname).toBe(octets.join('.'));
          expect(closed.allows(url.hostname, true)).toBe(false);
          for (const form of embedding(octets)) expect([form, closed.allows(form, true)]).toEqual([form, false]);
        },
      ),
    );
  });
});

/** As inet_aton takes it: one to four parts, the last of which stands for all octets that are left, each in its own base. */
function written(octets: readonly number[], bases: readonly number[], parts: number): string {
  const values = octets.slice(0, parts - 1);
  const last = octets.slice(parts - 1).reduce((sum, octet) => sum * 256 + octet, 0);
  const prefixes: Readonly<Record<number, string>> = { 8: '0', 10: '', 16: '0x' };
  return [...values, last].map((value, index) => `${prefixes[bases[index] ?? 10]}${value.toString(bases[index])}`).join('.');
}

/** IPv6 addresses that stand for this one behind a translator or a tunnel. */
function embedding(octets: readonly number[]): string[] {
  const [a = 0, b = 0, c = 0, d = 0] = octets;
  const high = (a * 256 + b).toString(16);
  const low = (c * 256 + d).toString(16);
  const prefixes = ['::ffff:', '::', '::ffff:0:', '64:ff9b::', '64:ff9b:1::', '2001:0:4136:e378:8000:63bf:'];
  return [...prefixes.map((prefix) => `${prefix}${high}:${low}`), `2002:${high}:${low}::`];
}
