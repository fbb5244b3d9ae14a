import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startUpstream, type Upstream } from '@torii/test-kit';
import { TestNode } from './a-node.js';
import { anUpstreamRoute } from './an-upstream-route.js';
import { discard, zeros } from './many-bytes.js';

const MiB = 1024 * 1024;
const size = 1024 * MiB;
/** Of two gigabytes that go through: mostly buffers that the collector has not got to. */
const heldMaxBytes = 256 * MiB;

describe('a body of a gigabyte', () => {
  const node = new TestNode();
  let upstream: Upstream;

  beforeAll(async () => {
    upstream = await startUpstream(async (req, res) => {
      if (req.method === 'GET') await pipeline(zeros(size), res);
      else res.end(String(await discard(req)));
    });
    await node.start();
    await node.apply([], [anUpstreamRoute('/up', [upstream.url])]);
  });
  afterAll(async () => {
    await node.stop();
    await upstream.close();
  });

  const residentBytes = async (): Promise<number> => {
    const status = await readFile(`/proc/${node.node.pid}/status`, 'utf8').catch(() => '');
    return 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
  };

  it('goes down and up through a node whose memory hardly grows', async () => {
    const before = await residentBytes();
    const received = await new Promise<number>((resolve, reject) => {
      request(`${node.proxyUrl}/up/x`, (res) => discard(res).then(resolve, reject))
        .once('error', reject)
        .end();
    });
    expect(received).toBe(size);
    const taken = await new Promise<string>((resolve, reject) => {
      const req = request(`${node.proxyUrl}/up/x`, { method: 'POST' }, async (res) => {
        let text = '';
        for await (const piece of res) text += String(piece);
        resolve(text);
      });
      req.once('error', reject);
      pipeline(zeros(size), req).catch(reject);
    });
    expect(taken).toBe(String(size));
    expect((await residentBytes()) - before).toBeLessThan(heldMaxBytes);
  }, 600_000);
});
