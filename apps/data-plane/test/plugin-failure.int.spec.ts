import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, guest } from '@torii/test-kit';
import { aPlugin, aRoute, TestNode } from './a-node.js';

const deadlineMs = 400;

describe('a guest that fails', () => {
  const node = new TestNode();
  beforeAll(async () => {
    await node.start({ TORII_DATA_THREADS: '1' });
    const names = ['hello', 'loop-forever', 'trap', 'grow-memory', 'bad-json'] as const;
    const plugins = await Promise.all(
      names.map(async (name) =>
        aPlugin(node.artifacts.add(await guest(name)), {
          name,
          limits: { cpuMs: name === 'grow-memory' ? 5_000 : deadlineMs, wallMs: 10_000, memoryMaxBytes: 32 * 1024 * 1024 },
        }),
      ),
    );
    await node.apply(
      plugins,
      plugins.map((plugin) => aRoute(plugin, `/${plugin.name}`)),
    );
  });
  afterAll(() => node.stop());

  async function call(name: string): Promise<{ status: number; code: string | null; body: string; endedAt: number }> {
    const response = await fetch(`${node.proxyUrl}/${name}`);
    const body = await response.text();
    return { status: response.status, code: response.headers.get('x-torii-error'), body, endedAt: performance.now() };
  }

  it('by looping for ever ends with 504 at its deadline each time, while the same thread answers others before that', async () => {
    let answeredMeanwhile = 0;
    for (let round = 0; round < 3; round += 1) {
      const looping = call('loop-forever');
      const healthy: number[] = [];
      for (let request = 0; request < 20; request += 1) {
        const answer = await call('hello');
        expect(answer).toMatchObject({ status: 200, body: 'hello' });
        healthy.push(answer.endedAt);
      }
      const loop = await looping;
      expect(loop).toMatchObject({ status: 504, code: 'plugin.deadline_exceeded' });
      answeredMeanwhile += healthy.filter((endedAt) => endedAt < loop.endedAt).length;
    }
    // Over all rounds: this process may have stood still in one of them until the loop was over.
    expect(answeredMeanwhile).toBeGreaterThan(0);
  });

  it('by growing memory without end ends with a named error, and the memory comes back', async () => {
    await call('grow-memory');
    const before = await residentBytes(node.node.pid);
    // So few that it does not count as an offender that is no longer called.
    for (let round = 0; round < 15; round += 1) expect(await call('grow-memory')).toMatchObject({ status: 502, code: 'plugin.memory_exceeded' });
    await eventually(async () => {
      await call('hello');
      // Fifteen leaked guests would be 480 MiB.
      expect((await residentBytes(node.node.pid)) - before).toBeLessThan(160 * 1024 * 1024);
    });
  });

  it.each([
    ['trap', 'plugin.trapped'],
    ['bad-json', 'plugin.bad_output'],
  ])('by %s ends with 502 and never with half an answer', async (name, code) => {
    const answer = await call(name);
    expect(answer).toMatchObject({ status: 502, code });
    expect(JSON.parse(answer.body)).toMatchObject({ code, status: 502, requestId: expect.any(String) });
    expect((await call('hello')).status).toBe(200);
  });

  it('leaves an access line with its code and owner for each of these', async () => {
    await call('trap');
    await eventually(() => {
      const line = node.node.logs.map((text) => safeParse(text)).find((entry) => entry?.msg === 'request' && entry.code === 'plugin.trapped');
      expect(line).toMatchObject({ owner: 'plugin', route: 'route-trap', plugin: 'trap', status: 502 });
    });
  });
});

async function residentBytes(pid: number): Promise<number> {
  const pages = Number((await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ')[1]);
  return pages * 4096;
}

function safeParse(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
