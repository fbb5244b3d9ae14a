import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { UpstreamTarget } from '@torii/contracts';
import { eventually, guest, startUpstream, type Upstream } from '@torii/test-kit';
import { aPlugin, aRoute, TestNode } from './a-node.js';

describe('the metrics of targets', () => {
  const node = new TestNode();
  const release: (() => void)[] = [];
  let good: Upstream;
  /** Where nobody listens: it takes the rights of the system. */
  const goneUrl = 'http://127.0.0.1:1';

  beforeAll(async () => {
    good = await startUpstream(async (request, response) => {
      if (request.url?.includes('slow') === true) await new Promise<void>((resolve) => release.push(resolve));
      response.writeHead(request.url?.includes('teapot') === true ? 418 : 200).end('ok');
    });
    await node.start({ TORII_DATA_THREADS: '2', TORII_METRICS_MAX_SERIES: '3' });
    const plugin = aPlugin(node.artifacts.add(await guest('hello')), { name: 'hello' });
    const to = (prefix: string, part: object) =>
      aRoute(plugin, prefix, { target: UpstreamTarget.parse({ kind: 'upstream', targets: [{ url: good.url }], ...part }) });
    await node.apply(
      [plugin],
      [
        to('/a', {}),
        to('/b', {}),
        to('/backup', { targets: [{ url: goneUrl }, { url: good.url, backup: true }], health: { passive: { failures: 1, ejectMs: 600_000 } } }),
        to('/third', { targets: [{ url: `${goneUrl}/third` }] }),
        to('/fourth', { targets: [{ url: `${goneUrl}/fourth` }] }),
      ],
    );
  });
  afterAll(async () => {
    for (const go of release) go();
    await node.stop();
    await good.close();
  });

  const call = async (path: string): Promise<number> => {
    const response = await fetch(`${node.proxyUrl}${path}`);
    await response.arrayBuffer();
    return response.status;
  };
  async function metrics(): Promise<Map<string, number>> {
    const lines = (await (await fetch(`${node.internalUrl}/metrics`)).text()).split('\n');
    return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
  }
  const series = (name: string, url: string, outcome?: string): string =>
    `${name}{upstream="${url}"${outcome === undefined ? '' : `,outcome="${outcome}"`}}`;

  it('count requests by outcome over all routes and threads, tries again, and times', async () => {
    for (let request = 0; request < 6; request += 1) expect(await call(request % 2 === 0 ? '/a' : '/b')).toBe(200);
    expect(await call('/a/teapot')).toBe(418);
    expect(await call('/third')).toBe(502);
    expect(await call('/backup')).toBe(200);
    // Counted when the answer is on its way.
    await eventually(async () => {
      const values = await metrics();
      const of = (name: string, url: string, outcome?: string): number => values.get(series(name, url, outcome)) ?? 0;
      expect(of('torii_upstream_retries_total', good.url)).toBe(1);
      expect(of('torii_upstream_requests_total', good.url, '2xx')).toBe(7);
      expect(of('torii_upstream_requests_total', good.url, '4xx')).toBe(1);
      expect(of('torii_upstream_seconds_count', good.url)).toBe(8);
      expect(of('torii_upstream_requests_total', goneUrl, 'upstream.unreachable')).toBe(1);
      expect(of('torii_upstream_seconds_count', goneUrl)).toBe(0);
    });
    await eventually(async () => expect((await metrics()).get(series('torii_upstream_down', goneUrl))).toBe(1));
    expect((await metrics()).get(series('torii_upstream_down', good.url))).toBe(0);
  });

  it('show what is under way, and that it is over', async () => {
    const answers = [call('/a/slow'), call('/b/slow')];
    await eventually(async () => {
      const values = await metrics();
      expect(values.get(series('torii_upstream_in_flight', good.url))).toBe(2);
      expect(values.get(series('torii_upstream_connections', good.url))).toBe(2);
    });
    for (const go of release.splice(0)) go();
    expect(await Promise.all(answers)).toEqual([200, 200]);
    await eventually(async () => {
      const values = await metrics();
      expect(values.get(series('torii_upstream_in_flight', good.url))).toBe(0);
      expect(values.get(series('torii_upstream_connections', good.url))).toBe(0);
    });
  });

  it('are taken together for targets beyond the bound', async () => {
    // Which of them has none of its own is not said.
    expect([await call('/third'), await call('/fourth')]).toEqual([502, 502]);
    await eventually(async () => {
      const values = await metrics();
      expect([...values.keys()]).toContain(series('torii_upstream_requests_total', '(others)', 'upstream.unreachable'));
      expect([...values.keys()].filter((name) => name.startsWith('torii_upstream_in_flight{'))).toHaveLength(4);
    });
  });
});
