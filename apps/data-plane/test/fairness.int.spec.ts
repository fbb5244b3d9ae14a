import { Agent, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, guest } from '@torii/test-kit';
import { aPlugin, aRoute, TestNode } from './a-node.js';

const clients = 16;
const threadCount = 4;
/** Requests looked at together; enough that each client has sent some. */
const sampleSize = 640;

describe('a node with several threads', () => {
  const node = new TestNode();
  const agents: Agent[] = [];
  let isDone = false;
  beforeAll(async () => {
    await node.start({ TORII_DATA_THREADS: String(threadCount) });
    const hello = aPlugin(node.artifacts.add(await guest('hello')), { name: 'hello' });
    await node.apply([hello], [aRoute(hello, '/hello')]);
  });
  afterAll(async () => {
    isDone = true;
    for (const agent of agents) agent.destroy();
    await node.stop();
  });

  it('serves clients that keep their connections evenly on all of them, without a failed request', async () => {
    const failures: unknown[] = [];
    const load = Array.from({ length: clients }, async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      agents.push(agent);
      while (!isDone)
        await get(node.proxyUrl, agent).then(
          (status) => status === 200 || failures.push(status),
          (error: Error) => isDone || failures.push(error),
        );
    });
    await eventually(
      () => {
        const perThread = requestsPerThread(node.node.logs);
        const busiest = Math.max(...perThread);
        expect(busiest / (sampleSize / threadCount)).toBeLessThanOrEqual(1.5);
      },
      { intervalMs: 200 },
    );
    isDone = true;
    await Promise.all(load);
    expect(failures).toEqual([]);
  });
});

/** Of the newest requests in the access log. */
function requestsPerThread(logs: readonly string[]): number[] {
  const lines = logs.filter((line) => line.includes('"msg":"request"')).slice(-sampleSize);
  if (lines.length < sampleSize) throw new Error('too few requests yet');
  return Array.from({ length: threadCount }, (_, thread) => lines.filter((line) => line.includes(`"thread":${thread},`)).length);
}

function get(url: string, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    request(`${url}/hello`, { agent }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    })
      .once('error', reject)
      .end();
  });
}
