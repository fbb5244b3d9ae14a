import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, startUpstream, type Upstream } from '@torii/test-kit';
import { TestNode } from './a-node.js';
import { anUpstreamRoute } from './an-upstream-route.js';
import { discard, zeros } from './many-bytes.js';
import { RawConnection } from './raw-http.js';

const MiB = 1024 * 1024;
const size = 64 * MiB;
/** What a node may hold of a body that nobody takes: the buffers of its sockets and streams. */
const heldMaxBytes = 48 * MiB;

/** Resolves when a number has begun to grow and grows no more. */
async function standsStill(read: () => number): Promise<void> {
  let seen = -1;
  await eventually(
    () => {
      const now = read();
      const isStill = now === seen && now > 0;
      seen = now;
      return isStill;
    },
    { intervalMs: 300 },
  );
}

describe('a large body through a node', () => {
  const node = new TestNode();
  let upstream: Upstream;

  beforeAll(async () => {
    upstream = await startUpstream();
    await node.start({ TORII_REQUEST_BYTES_MAX: String(MiB) });
    await node.apply([], [anUpstreamRoute('/up', [upstream.url])]);
    // What the first requests need stays.
    for (let time = 0; time < 50; time += 1) await (await fetch(`${node.proxyUrl}/up`)).text();
  });
  afterAll(async () => {
    await node.stop();
    await upstream.close();
  });

  const residentBytes = async (): Promise<number> => {
    const status = await readFile(`/proc/${node.node.pid}/status`, 'utf8').catch(() => '');
    return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
  };

  it('comes down whole, and waits for a client that does not read', async () => {
    let sent = 0;
    upstream.respond((_req, res) =>
      pipeline(
        zeros(size, (bytes) => (sent += bytes)),
        res,
      ),
    );
    const before = await residentBytes();
    const client = new RawConnection(node.proxyUrl);
    client.socket.pause();
    client.send('GET /up/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await standsStill(() => sent);
    expect(sent).toBeLessThan(size);
    expect((await residentBytes()) - before).toBeLessThan(heldMaxBytes);
    client.socket.destroy();

    const received = await new Promise<number>((resolve, reject) => {
      request(`${node.proxyUrl}/up/x`, (res) => discard(res).then(resolve, reject))
        .once('error', reject)
        .end();
    });
    expect(received).toBe(size);
  });

  it('goes up whole, and waits for an upstream that does not read', async () => {
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    upstream.respond(async (req, res) => {
      await begun;
      res.end(String(await discard(req)));
    });
    const before = await residentBytes();
    let sent = 0;
    const answer = new Promise<string>((resolve, reject) => {
      const req = request(`${node.proxyUrl}/up/x`, { method: 'POST' }, async (res) => {
        let text = '';
        for await (const piece of res) text += String(piece);
        resolve(text);
      });
      req.once('error', reject);
      pipeline(
        zeros(size, (bytes) => (sent += bytes)),
        req,
      ).catch(reject);
    });
    await standsStill(() => sent);
    expect(sent).toBeLessThan(size);
    expect((await residentBytes()) - before).toBeLessThan(heldMaxBytes);
    begin();
    expect(await answer).toBe(String(size));
  });
});
