import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PluginLimits, SnapshotPlugin } from '@torii/contracts';
import { eventually, guest, type HostileName, hostileGuest } from '@torii/test-kit';
import { aPlugin, aRoute, TestNode } from './a-node.js';

const MiB = 1024 * 1024;
const roundsAtLeast = 4;
const healthyCallers = 4;
/** What may be left of memory when all is over: V8 and the allocator keep some for later. */
const keptMaxBytes = 150 * MiB;

interface HostileRoute {
  readonly guest: HostileName;
  readonly functionName: string;
  readonly code: string;
  readonly limits?: Partial<PluginLimits>;
}

const strict = { cpuMs: 50, wallMs: 400 };
const enoughTime = { cpuMs: 20_000, wallMs: 60_000 };
const badOutput = 'plugin.bad_output';

const hostileRoutes: readonly HostileRoute[] = [
  { guest: 'endless', functionName: 'loop', code: 'plugin.deadline_exceeded' },
  { guest: 'endless', functionName: 'tailCallsByTable', code: 'plugin.deadline_exceeded' },
  { guest: 'endless', functionName: 'exceptions', code: 'plugin.deadline_exceeded' },
  { guest: 'endless', functionName: 'fill', code: 'plugin.deadline_exceeded' },
  { guest: 'host-storm', functionName: 'logCatching', code: 'plugin.deadline_exceeded', limits: { ...strict, hostCallsMax: 10_000_000 } },
  { guest: 'memory-bombs', functionName: 'growFastAndAbort', code: 'plugin.memory_exceeded', limits: { ...enoughTime, memoryMaxBytes: 32 * MiB } },
  { guest: 'memory-bombs', functionName: 'tinyBlocks', code: badOutput, limits: enoughTime },
  { guest: 'recursion', functionName: 'direct', code: 'plugin.trapped', limits: enoughTime },
  { guest: 'outputs', functionName: 'outputThenTrap', code: 'plugin.trapped', limits: enoughTime },
  { guest: 'outputs', functionName: 'huge', code: 'plugin.limit_exceeded', limits: { ...enoughTime, responseMaxBytes: MiB } },
  { guest: 'wasi-abuse', functionName: 'sleep', code: 'plugin.deadline_exceeded' },
  { guest: 'wasi-abuse', functionName: 'writeLinesForEver', code: 'plugin.deadline_exceeded' },
  { guest: 'wasi-abuse', functionName: 'randomByTheGigabyte', code: 'plugin.limit_exceeded', limits: enoughTime },
  { guest: 'answers', functionName: 'nearlyJson', code: badOutput, limits: enoughTime },
];

const badAnswers = ['headerBreaks', 'headerNameBreaks', 'cookieInjection', 'status999', 'status100', 'notBase64', 'nestedArrays', 'nestedBody'];

interface Answer {
  readonly status: number;
  readonly code: string | null;
  readonly headers: Headers;
  readonly body: string;
}

describe('a node with hostile plugins', () => {
  const node = new TestNode();
  let healthy: SnapshotPlugin;
  let plugins: SnapshotPlugin[];
  let startPid: number;

  beforeAll(async () => {
    // Three of them never begin, and are waited for; the others begin at once, unless the machine stands still.
    await node.start({ TORII_DATA_THREADS: '1', TORII_WARM_UP_TIMEOUT_MS: '4000' });
    startPid = node.node.pid;
    healthy = aPlugin(node.artifacts.add(await guest('hello')), { name: 'hello' });
    const routes = [...hostileRoutes, ...badAnswers.map((functionName) => ({ guest: 'answers' as const, functionName, limits: enoughTime }))];
    const others = ['framing', 'prototype'].map((functionName) => ({ guest: 'answers' as const, functionName, limits: enoughTime }));
    plugins = await Promise.all([...routes, ...others].map(hostilePlugin));
    await node.apply([healthy, ...plugins], routesOf([healthy, ...plugins]));
    await call('hello');
  });
  afterAll(() => node.stop());

  async function hostilePlugin(route: { guest: HostileName; functionName: string; limits?: Partial<PluginLimits> }): Promise<SnapshotPlugin> {
    return aPlugin(node.artifacts.add(await hostileGuest(route.guest)), {
      name: nameOf(route),
      functionName: route.functionName,
      limits: { ...strict, ...route.limits },
      grants: ['plugin_map:read', 'plugin_map:write'],
      wasi: true,
    });
  }

  async function call(name: string): Promise<Answer> {
    const response = await fetch(`${node.proxyUrl}/${name}`);
    return { status: response.status, code: response.headers.get('x-torii-error'), headers: response.headers, body: await response.text() };
  }

  async function manyHealthyCalls(): Promise<void> {
    await Promise.all(Array.from({ length: 100 }, () => call('hello')));
  }

  it('answers each of them with its code, and every request of others meanwhile', async () => {
    await manyHealthyCalls();
    const before = await residentBytes(startPid);
    let isOver = false;
    const attacks = Promise.all(
      hostileRoutes.map(async (route) => {
        const answers: Answer[] = [];
        while (answers.length < roundsAtLeast) answers.push(await call(nameOf(route)));
        return answers;
      }),
    ).finally(() => {
      isOver = true;
    });
    const callers = Array.from({ length: healthyCallers }, async () => {
      const answers: Answer[] = [];
      while (!isOver) answers.push(await call('hello'));
      return answers;
    });

    const attacked = await attacks;
    for (const [index, route] of hostileRoutes.entries()) {
      expect({ route: nameOf(route), codes: new Set(attacked[index]?.map(({ code }) => code)) }).toEqual({
        route: nameOf(route),
        codes: new Set([route.code]),
      });
    }
    const healthyAnswers = (await Promise.all(callers)).flat();
    expect(healthyAnswers.length).toBeGreaterThan(50);
    expect(healthyAnswers.filter(({ status, body }) => status !== 200 || body !== 'hello')).toEqual([]);

    await expectAlive();
    // Memory of guests that are gone comes back when V8 collects it, which it does when there is something to do.
    await eventually(async () => {
      await manyHealthyCalls();
      expect((await residentBytes(startPid)) - before).toBeLessThan(keptMaxBytes);
    });
  });

  it.each(badAnswers)('sends nothing of an answer that cannot be sent (%s)', async (functionName) => {
    const answer = await call(nameOf({ guest: 'answers', functionName }));
    expect(answer).toMatchObject({ status: 502, code: badOutput });
    expect(JSON.parse(answer.body)).toMatchObject({ code: badOutput });
    expect([...answer.headers.keys()].filter((name) => name === 'set-cookie' || name === 'x-b')).toEqual([]);
    await expectAlive();
  });

  it('frames an answer itself, whatever its headers say', async () => {
    const answer = await call('answers-framing');
    expect(answer).toMatchObject({ status: 200, body: 'whole' });
    expect(answer.headers.get('content-length')).toBe('5');
    expect(answer.headers.get('transfer-encoding')).toBeNull();
  });

  it('takes names of Object.prototype for names like others', async () => {
    const answer = await call('answers-prototype');
    expect(answer).toMatchObject({ status: 200, body: 'x' });
    expect(answer.headers.get('constructor')).toBe('y');
    expect(Reflect.get(Object.prototype, 'polluted')).toBeUndefined();
    expect((await call('hello')).body).toBe('hello');
  });

  it.each(['start-loop', 'initialize-loop', 'initialize-storm'] as const)(
    'goes on as it was when it gets one that never begins (%s)',
    async (name) => {
      const bad = aPlugin(node.artifacts.add(await hostileGuest(name)), { name });
      await node.publish([healthy, ...plugins, bad], routesOf([healthy, ...plugins, bad]));
      await eventually(() => {
        const line = node.node.logs.find((text) => text.includes('config.compile_failed') && text.includes(`"revision":${node.revision}`));
        expect(line).toContain('initialising the plugin failed');
      });
      expect((await call('hello')).status).toBe(200);
      expect((await call(name)).code).toBe('routing.no_route');
      await expectAlive();
    },
  );

  async function expectAlive(): Promise<void> {
    expect(node.node.pid).toBe(startPid);
    expect((await fetch(`${node.internalUrl}/livez`)).status).toBe(200);
    expect(node.node.logs.filter((line) => line.includes('data thread ended') || line.includes('platform.internal'))).toEqual([]);
  }
});

function nameOf({ guest: name, functionName }: { guest: string; functionName: string }): string {
  return `${name}-${functionName.toLowerCase()}`;
}

function routesOf(plugins: readonly SnapshotPlugin[]): ReturnType<typeof aRoute>[] {
  return plugins.map((plugin) => aRoute(plugin, `/${plugin.name}`));
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
