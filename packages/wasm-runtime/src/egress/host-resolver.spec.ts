import { afterEach, describe, expect, it } from '@jest/globals';
import type { Clock } from '@torii/service-kit';
import { type DnsAnswer, type NameServer, startNameServer } from '../../test/a-name-server.js';
import { EgressError } from './egress-error.js';
import { HostResolver } from './host-resolver.js';
import { NameLookup, parseHosts } from './name-lookup.js';

const never = new AbortController().signal;
let names: NameServer | undefined;
let lookup: NameLookup | undefined;
let nowMs = 0;
const clock: Clock = { nowMs: () => nowMs, date: () => new Date(0) };

afterEach(async () => {
  lookup?.close();
  await names?.close();
  names = undefined;
});

async function start(
  answer: (name: string, type: 'A' | 'AAAA') => DnsAnswer,
  firstTryMs = 30_000,
): Promise<(name: string, signal?: AbortSignal, pluginId?: string) => Promise<string>> {
  names = await startNameServer(answer);
  lookup = new NameLookup({ servers: [names.address], firstTryMs }, clock.nowMs);
  const resolver = new HostResolver(lookup, clock);
  return (name, signal = never, pluginId = 'pl_test') =>
    resolver.addressesOf(name, pluginId, signal).then(
      (addresses) => addresses.join(' '),
      (error: unknown) => (error instanceof EgressError ? error.code : String(error)),
    );
}

describe('looking a name up', () => {
  it('takes both kinds of address, and is content with one', async () => {
    const resolve = await start((name, type) => {
      if (type === 'AAAA') return name === 'four.test' ? [] : [{ type, value: '2001:db8::1' }];
      return name === 'six.test' ? [] : [{ type, value: '192.0.2.1' }];
    });
    expect(await resolve('both.test')).toBe('192.0.2.1 2001:db8::1');
    expect(await resolve('four.test')).toBe('192.0.2.1');
    expect(await resolve('six.test')).toBe('2001:db8::1');
  });

  it('remembers an answer as long as the server says, and five seconds at most', async () => {
    const resolve = await start((name, type) => (type === 'A' ? [{ type, value: '192.0.2.1', ttlSeconds: name === 'short.test' ? 2 : 3600 }] : []));
    const asked = async (name: string): Promise<number> => {
      await resolve(name);
      return names?.seen.filter((one) => one === name).length ?? 0;
    };
    expect([await asked('short.test'), await asked('long.test')]).toEqual([1, 1]);
    nowMs += 1_900;
    expect([await asked('short.test'), await asked('long.test')]).toEqual([1, 1]);
    nowMs += 200;
    expect([await asked('short.test'), await asked('long.test')]).toEqual([2, 1]);
    nowMs += 3_000;
    expect([await asked('short.test'), await asked('long.test')]).toEqual([3, 2]);
  });

  it('considers no more than 16 addresses', async () => {
    const resolve = await start((_name, type) =>
      type === 'A' ? Array.from({ length: 20 }, (_, index) => ({ type, value: `192.0.2.${index}` })) : [],
    );
    expect((await resolve('many.test')).split(' ')).toHaveLength(16);
  });

  it('gives up a server that never answers, without a name of its own for each try', async () => {
    const resolve = await start(() => 'silence', 500);
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => resolve('silent.test')));
    expect(outcomes).toEqual(Array(5).fill('unreachable'));
    // Two tries for all five.
    expect(names?.seen).toEqual(['silent.test', 'silent.test']);
  });

  it('is left behind by who gives up, and is shared by the others', async () => {
    const resolve = await start((_name, type) => (type === 'A' ? [{ type, value: '192.0.2.1' }] : []));
    const caller = new AbortController();
    const outcomes = [resolve('a.test', caller.signal), resolve('a.test')];
    caller.abort();
    expect(await Promise.all(outcomes)).toEqual(['aborted', '192.0.2.1']);
    expect(names?.seen).toEqual(['a.test']);
  });

  it('of many names at once is bounded for one plugin, and others go on', async () => {
    const resolve = await start((name, type) => {
      if (name.startsWith('hang')) return 'silence';
      return type === 'A' ? [{ type, value: '192.0.2.1' }] : [];
    });
    const hanging = new AbortController();
    const outcomes = Promise.all(Array.from({ length: 100 }, (_, index) => resolve(`hang${index}.test`, hanging.signal, 'greedy')));
    expect(await resolve('fine.test', never, 'other')).toBe('192.0.2.1');
    hanging.abort();
    const counts = (await outcomes).reduce((sum, code) => sum + (code === 'busy' ? 1 : 0), 0);
    expect(counts).toBe(36);
  });

  it('of a name without a dot is the machine’s own', async () => {
    const resolve = await start(() => []);
    expect(await resolve('localhost')).toMatch(/127\.0\.0\.1|::1/);
    expect(names?.seen).toEqual([]);
  });

  it('never starts with a server that is no address', () => {
    expect(() => new NameLookup({ servers: ['dns.example.com'] }, clock.nowMs)).toThrow();
  });
});

describe('parseHosts', () => {
  it('reads addresses and names, and leaves out what is none', () => {
    const text = '127.0.0.1\tlocalhost Box.Example. # mine\n::1 localhost\n\n#10.0.0.1 hidden\nnonsense name\n10.0.0.2\n';
    expect(Object.fromEntries(parseHosts(text))).toEqual({ localhost: ['127.0.0.1', '::1'], 'box.example': ['127.0.0.1'] });
  });
});
