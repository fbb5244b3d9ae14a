import { describe, expect, it } from '@jest/globals';
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
  ])('opens the metadata address %s to nobody', (address) => {
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
});
