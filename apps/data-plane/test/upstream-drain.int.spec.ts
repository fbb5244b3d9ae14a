import { Agent, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, startUpstream, type Upstream } from '@torii/test-kit';
import { TestNode } from './a-node.js';
import { anUpstreamRoute } from './an-upstream-route.js';
import { Standstill } from './standstill.js';

const clients = 16;

describe('a node that stops while it proxies', () => {
  const node = new TestNode();
  let upstream: Upstream;

  beforeAll(async () => {
    upstream = await startUpstream(async (req, res) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      req.resume().once('end', () => res.end('x'.repeat(10_000)));
    });
    await node.start({ TORII_DATA_THREADS: '2', TORII_SHUTDOWN_TIMEOUT_MS: '50000' });
    await node.apply([], [anUpstreamRoute('/up', [upstream.url])]);
  });
  afterAll(async () => {
    await node.stop();
    await upstream.close();
  });

  it('answers every request that it has taken, and refuses the others before they are sent', async () => {
    const { proxyUrl } = node;
    let answered = 0;
    let isOver = false;
    const failures: string[] = [];
    /** Sends one request after the other over a connection that it keeps, as a load balancer does. */
    const client = async (): Promise<void> => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      while (!isOver) {
        const outcome = await new Promise<string>((resolve) => {
          const req = request(`${proxyUrl}/up/x`, { agent, method: 'POST' }, (res) => {
            let bytes = 0;
            res.on('data', (piece: Buffer) => {
              bytes += piece.length;
            });
            res.once('end', () => resolve(`${res.statusCode} ${bytes}`)).once('error', (error) => resolve(error.message));
          });
          req.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
          req.end('y'.repeat(2_000));
        });
        if (outcome === '200 10000') answered += 1;
        else if (outcome === 'ECONNREFUSED') return;
        else failures.push(outcome);
      }
    };
    const running = Array.from({ length: clients }, client);
    await eventually(() => expect(answered).toBeGreaterThan(200));
    const standstill = new Standstill();
    const exitCode = await node.node.stop();
    isOver = true;
    await Promise.all(running);
    const isToBlame = standstill.end() ? (outcome: string) => !/ECONNRESET|EPIPE/.test(outcome) : () => true;
    expect([exitCode, failures.filter(isToBlame)]).toEqual([0, []]);
    expect(upstream.calls()).toBe(answered);
  });
});
