import { describe, expect, it } from '@jest/globals';
import { GrantString, grantNames, hostFunctionNamespaces, hostFunctions, kernelFunctions, kernelNamespace, wasiNamespace } from './host-functions.js';

describe('the table of host functions', () => {
  it('asks only for grants that a plugin can be given', () => {
    for (const { grant } of Object.values(hostFunctions)) if (grant !== undefined) expect(GrantString.safeParse(grant).success).toBe(true);
  });

  it('has a function behind each grant there is', () => {
    const asked = new Set(Object.values(hostFunctions).map(({ grant }) => grant));
    for (const grant of GrantString.options) expect(asked).toContain(grant);
    expect(new Set(GrantString.options.map((grant) => grant.split(':')[0]))).toEqual(new Set(grantNames));
  });

  it('lets reading functions by with a read grant and asks a write grant of the others', () => {
    for (const [name, { grant }] of Object.entries(hostFunctions)) {
      if (grant === undefined) continue;
      const writes = /_(set|setnx|cas|del|incrby|pexpire)$/.test(name);
      expect(`${name} ${grant.split(':')[1]}`).toBe(`${name} ${writes ? 'write' : 'read'}`);
    }
  });

  it("holds what the article's function imports", () => {
    for (const name of ['proxy_plugin_map_get', 'proxy_plugin_map_set']) {
      expect(hostFunctions[name]).toMatchObject({ params: ['i64', 'i64'], result: 'i64' });
    }
  });

  it('has no function twice in the namespace that old modules share with the kernel', () => {
    for (const name of Object.keys(kernelFunctions)) expect(hostFunctions[`extism_${name}`]).toBeUndefined();
    expect(hostFunctionNamespaces).not.toContain(kernelNamespace);
    expect(hostFunctionNamespaces).not.toContain(wasiNamespace);
  });
});
