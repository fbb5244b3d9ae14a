import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EntityName, idPrefixes, isIdOf, PluginId, RouteId, Sha256 } from './ids.js';

const uuid = '01995f3c-7a2b-7c3d-8e4f-0123456789ab';

describe('ids', () => {
  it('are a prefix and a UUID in lower case, and nothing around it', () => {
    expect(PluginId.parse(`pl_${uuid}`)).toBe(`pl_${uuid}`);
    for (const text of [`rt_${uuid}`, uuid, `pl_${uuid.toUpperCase()}`, `pl_${uuid} `, `pl_${uuid}\n`, `xpl_${uuid}`, 'pl_', '']) {
      expect(PluginId.safeParse(text).success).toBe(false);
    }
    expect(RouteId.safeParse(`rt_${uuid}`).success).toBe(true);
  });

  it('can never be taken for a name', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,62}$/), (name) => {
        expect(EntityName.safeParse(name).success).toBe(true);
        expect(isIdOf('plugin', name) || isIdOf('route', name)).toBe(false);
      }),
    );
    for (const prefix of Object.values(idPrefixes)) expect(EntityName.safeParse(`${prefix}_${uuid}`).success).toBe(false);
  });

  it('are told from ids of another kind', () => {
    expect(isIdOf('plugin', `pl_${uuid}`)).toBe(true);
    expect(isIdOf('plugin', `rt_${uuid}`)).toBe(false);
  });
});

describe('names', () => {
  it('have 1 to 63 lower-case letters, digits and dashes, and do not begin with a dash', () => {
    for (const name of ['a', '0', 'geolocation', 'a-b-', 'x'.repeat(63)]) expect(EntityName.safeParse(name).success).toBe(true);
    for (const name of ['', '-a', 'A', 'é', 'a_b', 'a.b', 'a b', 'a\n', 'x'.repeat(64), 1, null]) {
      expect(EntityName.safeParse(name).success).toBe(false);
    }
  });
});

describe('Sha256', () => {
  it('is 64 lower-case hex digits', () => {
    expect(Sha256.safeParse('0123456789abcdef'.repeat(4)).success).toBe(true);
    for (const text of ['0'.repeat(63), '0'.repeat(65), 'A'.repeat(64), `${'0'.repeat(64)}\n`]) expect(Sha256.safeParse(text).success).toBe(false);
  });
});
