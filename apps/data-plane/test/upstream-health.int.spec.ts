import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, startUpstream, type Upstream } from '@torii/test-kit';
import { TestNode } from './a-node.js';
import { anUpstreamRoute } from './an-upstream-route.js';

describe('targets of an upstream', () => {
  const node = new TestNode();
  let first: Upstream;
  let second: Upstream;
  let isFit = true;

  beforeAll(async () => {
    first = await startUpstream((req, res) => void res.writeHead(req.url === '/health' && !isFit ? 500 : 200).end('first'));
    second = await startUpstream((_req, res) => void res.end('second'));
    await node.start({ TORII_DATA_THREADS: '2' });
    const active = { path: '/health', intervalMs: 100, timeoutMs: 60_000, healthyAfter: 1, unhealthyAfter: 2 };
    await node.apply(
      [],
      [
        anUpstreamRoute('/checked', [first.url, second.url], { health: { active } }),
        anUpstreamRoute('/turns', [], { targets: [{ url: first.url, weight: 3 }, { url: second.url }] }),
        anUpstreamRoute('/sticky', [first.url, second.url], { balancing: { type: 'header_hash', name: 'X-Key' } }),
        anUpstreamRoute('/returning', [first.url, second.url], { retries: 0, health: { passive: { failures: 1, ejectMs: 100 } } }),
      ],
    );
  });
  afterAll(async () => {
    await node.stop();
    await first.close();
    await second.close();
  });

  const ask = async (path: string, headers: Record<string, string> = {}): Promise<string> =>
    (await fetch(`${node.proxyUrl}${path}`, { headers })).text();
  const answersOf = async (path: string, times: number): Promise<Set<string>> => {
    const answers = new Set<string>();
    for (let time = 0; time < times; time += 1) answers.add(await ask(path));
    return answers;
  };

  it('that fail their checks are left out on every thread until they pass again', async () => {
    isFit = false;
    await eventually(async () => expect(await answersOf('/checked', 20)).toEqual(new Set(['second'])));
    await eventually(() => node.node.logs.some((line) => line.includes('upstream target fails its checks') && line.includes('status 500')));
    isFit = true;
    await eventually(async () => expect(await answersOf('/checked', 20)).toEqual(new Set(['first', 'second'])));
    await eventually(() => node.node.logs.some((line) => line.includes('upstream target passes its checks again')));
  });

  it('are checked once by a node, however many threads it has', async () => {
    const waiting: ServerResponse[] = [];
    first.respond((req, res) => void (req.url === '/health' ? waiting.push(res) : res.end('first')));
    await eventually(() => expect(waiting).not.toEqual([]));
    // A second thread that checks would ask this one, which answers nothing, while the other one is asked again and again.
    const before = second.calls();
    await eventually(() => expect(second.calls()).toBeGreaterThanOrEqual(before + 10));
    expect(waiting).toHaveLength(1);
    first.respond((_req, res) => void res.end('first'));
    for (const res of waiting) res.end();
  });

  it('get requests by their weight', async () => {
    const answers: string[] = [];
    for (let time = 0; time < 16; time += 1) answers.push(await ask('/turns'));
    // Each of two threads takes turns of its own.
    expect(answers.filter((answer) => answer === 'first').length).toBeGreaterThanOrEqual(9);
    expect(answers).toContain('second');
  });

  it('get the same header again and again, whatever thread it comes to', async () => {
    const answers = new Set<string>();
    for (let key = 0; key < 20; key += 1) {
      const headers = { 'x-key': `key-${key}` };
      const answer = await ask('/sticky', headers);
      answers.add(answer);
      for (let time = 0; time < 3; time += 1) expect(await ask('/sticky', { ...headers, connection: 'close' })).toBe(answer);
    }
    expect(answers).toEqual(new Set(['first', 'second']));
  });

  it('that were left out are tried again after a while, and used again when they answer', async () => {
    first.respond((_req, res) => void res.destroy());
    await eventually(async () => expect(await answersOf('/returning', 6)).toContain('second'));
    first.respond((_req, res) => void res.end('first'));
    await eventually(async () => expect(await answersOf('/returning', 12)).toEqual(new Set(['first', 'second'])));
  });
});
