import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type SnapshotPlugin, type SnapshotRoute, UpstreamTarget } from '@torii/contracts';
import { answeringGuest, startUpstream, type Upstream } from '@torii/test-kit';
import { aPlugin, aRoute, TestNode } from './a-node.js';
import { aSlot } from './a-slot.js';

const node = new TestNode();
let upstream: Upstream;

beforeAll(async () => {
  upstream = await startUpstream((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      res.writeHead(207, { 'content-type': 'application/json' });
      res.end(JSON.stringify({ method: req.method, url: req.url, seen: req.headers['x-seen'], body }));
    });
  });
  await node.start({ TORII_DATA_THREADS: '1' });
  const made = async (name: string, output: object, part: Partial<SnapshotPlugin> = {}): Promise<SnapshotPlugin> => {
    const { limits: _limits, ...rest } = part;
    return aPlugin(node.artifacts.add(await answeringGuest(JSON.stringify(output))), { name, ...rest });
  };
  const added = { 'otoroshi.next.core.ResponseAddHeaders': { 'x-added': 'by the function' } };
  const delegates = await made('delegates', { delegates_call: true, status: 500, body_str: 'not this', attrs: { set: added } });
  const answers = await made('answers', { delegates_call: false, body_str: 'own' });
  const marks = await made('marks', { headers: { 'X-Seen': 'yes' }, url: '/changed?x=1' }, { kind: 'request_transformer' });
  const stamps = await made('stamps', { headers: { 'x-stamp': '1' } }, { kind: 'response_transformer' });
  const target = (plugin: SnapshotPlugin, url = upstream.url): SnapshotRoute['target'] => ({
    kind: 'function',
    plugin: plugin.id,
    version: 1,
    upstream: UpstreamTarget.parse({ kind: 'upstream', targets: [{ url }], retries: 0 }),
  });
  await node.apply(
    [delegates, answers, marks, stamps],
    [
      aRoute(delegates, '/delegates', { target: target(delegates) }),
      aRoute(delegates, '/around', { target: target(delegates), plugins: [aSlot(stamps), aSlot(marks)] }),
      aRoute(answers, '/answers', { target: target(answers) }),
      aRoute(delegates, '/alone', {}),
      aRoute(delegates, '/away', { target: target(delegates, 'http://127.0.0.1:1') }),
    ],
  );
});
afterAll(async () => {
  await node.stop();
  await upstream.close();
});

const ask = (path: string, init?: RequestInit): Promise<Response> => fetch(`${node.proxyUrl}${path}`, init);

describe('delegates_call', () => {
  it('has the upstream of the target answer, with the request the function was asked about', async () => {
    const answer = await ask('/delegates/deep?q=1', { method: 'POST', body: 'sent' });
    expect([answer.status, answer.headers.get('x-added')]).toEqual([207, 'by the function']);
    expect(await answer.json()).toMatchObject({ method: 'POST', url: '/deep?q=1', body: 'sent' });
  });

  it('stands between the transformers: the upstream gets what they made of the request, they get its answer', async () => {
    const answer = await ask('/around');
    expect([answer.status, answer.headers.get('x-stamp')]).toEqual([207, '1']);
    expect(await answer.json()).toMatchObject({ url: '/changed?x=1', seen: 'yes' });
  });

  it('leaves the upstream alone where the function answers itself', async () => {
    expect(await (await ask('/answers')).text()).toBe('own');
  });

  it('is an error of the function where its target has no upstream', async () => {
    const answer = await ask('/alone');
    expect([answer.status, answer.headers.get('x-torii-error')]).toEqual([502, 'plugin.bad_output']);
    expect(await answer.text()).toContain('upstream');
  });

  it('is answered with the error of the upstream when that cannot be reached', async () => {
    const answer = await ask('/away');
    expect([answer.status, answer.headers.get('x-torii-error')]).toEqual([502, 'upstream.unreachable']);
  });
});
