import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { UpstreamTarget } from '@torii/contracts';
import { eventually, guest, startUpstream, type Upstream } from '@torii/test-kit';
import { hostCaller } from './a-host-caller.js';
import { aPlugin, aRoute, TestNode } from './a-node.js';
import { aSlot } from './a-slot.js';
import { OtlpReceiver, type ReceivedSpan } from './otlp-receiver.js';

const collector = new OtlpReceiver();
const node = new TestNode();
let upstream: Upstream;
/** Headers of what came to the upstream, by path. */
const seen = new Map<string, Record<string, string | string[] | undefined>>();

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const callerSpanId = '00f067aa0ba902b7';
const sampled = `00-${traceId}-${callerSpanId}-01`;

async function call(path: string, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(`${node.proxyUrl}${path}`, { headers });
  await response.arrayBuffer();
  return response.status;
}

/** The span of the request to that path, when all that belongs to it has come. */
function requestSpan(path: string, traceIdOf?: string): Promise<ReceivedSpan> {
  return eventually(() => {
    const span = collector.spans.find((one) => one.kind === 2 && one.attributes['url.path'] === path && (traceIdOf ?? one.traceId) === one.traceId);
    if (span === undefined) throw new Error(`no span of ${path} among ${collector.spans.map(({ name }) => name).join(', ')}`);
    return span;
  });
}

function linesOf(message: string): string[] {
  return node.node.logs.filter((line) => line.includes(`"msg":"${message}"`));
}

async function metric(series: string): Promise<number> {
  const text = await (await fetch(`${node.internalUrl}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? 0);
}

beforeAll(async () => {
  await collector.start();
  upstream = await startUpstream((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    seen.set(path, request.headers);
    response.writeHead(path.endsWith('/teapot') ? 418 : 200, { 'content-type': 'application/json' }).end('{}');
  });
  await node.start({
    TORII_OTLP_ENDPOINT: collector.url,
    OTEL_BSP_SCHEDULE_DELAY: '100',
    TORII_EGRESS_OVERRIDES: `api.test=${upstream.url}`,
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer for-the-collector',
  });
  const caller = aPlugin(
    node.artifacts.add(
      await hostCaller([
        { name: 'proxy_plugin_map_get', argument: 'a-key', answers: 'pointer' },
        {
          name: 'proxy_http_call',
          argument: JSON.stringify({ url: 'http://api.test/outbound?secret=hunter2', headers: { traceparent: 'x' } }),
          answers: 'pointer',
        },
      ]),
    ),
    { name: 'caller', version: 4, grants: ['plugin_map:read'], allowedHosts: ['http://api.test'] },
  );
  const gate = aPlugin(node.artifacts.add(await guest('trap')), { name: 'gate', kind: 'pre_route' });
  const trap = aPlugin(node.artifacts.add(await guest('trap')), { name: 'trap' });
  const hello = aPlugin(node.artifacts.add(await guest('hello')), { name: 'hello' });
  const toUpstream = UpstreamTarget.parse({ kind: 'upstream', targets: [{ url: upstream.url }] });
  await node.apply(
    [caller, gate, trap, hello],
    [
      aRoute(caller, '/calls', { name: 'calls' }),
      aRoute(trap, '/trap'),
      aRoute(hello, '/hello'),
      aRoute(hello, '/proxied', { target: toUpstream, stripPath: false, plugins: [aSlot(gate, { onError: 'skip' })] }),
    ],
  );
});
afterAll(async () => {
  await node.stop();
  await upstream.close();
  await collector.stop();
});

describe('a traced request', () => {
  it('has a span for itself, for each plugin, for each host call, and what a guest asks for goes on with the trace', async () => {
    expect(await call('/calls?secret=hunter2', { traceparent: sampled, tracestate: 'vendor=1' })).toBe(200);
    const request = await requestSpan('/calls', traceId);
    expect(request).toMatchObject({
      name: 'GET /calls',
      parentSpanId: callerSpanId,
      isError: false,
      attributes: {
        'http.request.method': 'GET',
        'http.response.status_code': 200,
        'http.route': '/calls',
        'server.address': '127.0.0.1',
        'torii.route': 'calls',
        'torii.revision': 1,
      },
      resource: { 'service.name': 'torii-data-plane', 'service.instance.id': expect.stringMatching(/^nd_/) },
    });
    const plugin = collector.childOf(request, 'plugin caller');
    expect(plugin.attributes).toMatchObject({ 'torii.plugin': 'caller', 'torii.plugin.version': 4, 'torii.plugin.kind': 'backend' });
    const map = collector.childOf(plugin, 'proxy_plugin_map_get');
    const http = collector.childOf(plugin, 'GET');
    expect(http).toMatchObject({
      kind: 3,
      attributes: {
        'torii.host_function': 'proxy_http_call',
        'http.response.status_code': 200,
        'server.address': 'api.test',
        'server.port': 80,
      },
    });
    for (const span of [plugin, map, http]) {
      expect(span.startNs).toBeGreaterThanOrEqual(request.startNs);
      expect(span.endNs).toBeLessThanOrEqual(request.endNs);
      expect(span.endNs).toBeGreaterThanOrEqual(span.startNs);
    }
    expect(map.startNs).toBeLessThanOrEqual(http.startNs);
    expect(seen.get('/outbound')).toMatchObject({ traceparent: `00-${traceId}-${http.spanId}-01`, tracestate: 'vendor=1' });
    expect(collector.authorizations).toContain('Bearer for-the-collector');
    expect(JSON.stringify(collector.spans, (_key, value) => (typeof value === 'bigint' ? String(value) : value))).not.toContain('hunter2');
  });

  it('goes on to the upstream on behalf of the span of that try', async () => {
    expect(await call('/proxied/teapot', { traceparent: sampled, tracestate: 'vendor=1' })).toBe(418);
    const request = await requestSpan('/proxied/teapot', traceId);
    const attempt = collector.childOf(request, 'GET');
    expect(attempt).toMatchObject({
      kind: 3,
      isError: true,
      attributes: { 'http.response.status_code': 418, 'error.type': '418', 'server.address': '127.0.0.1', 'server.port': upstream.port },
    });
    expect(request.isError).toBe(false); // what the upstream says of the client's request is no fault of ours
    expect(seen.get('/proxied/teapot')).toMatchObject({ traceparent: `00-${traceId}-${attempt.spanId}-01`, tracestate: 'vendor=1' });
    // A slot that was skipped because its plugin failed says so.
    expect(collector.childOf(request, 'plugin gate').isError).toBe(true);
  });

  it('says whose fault it was when it failed', async () => {
    expect(await call('/trap', { traceparent: sampled })).toBe(502);
    const request = await requestSpan('/trap', traceId);
    const failure = { 'error.type': 'plugin.trapped', 'torii.error_owner': 'plugin' };
    expect(request).toMatchObject({ isError: true, attributes: { 'http.response.status_code': 502, ...failure } });
    expect(collector.childOf(request, 'plugin trap')).toMatchObject({ isError: true, attributes: failure });
    expect(await call('/nowhere', { traceparent: sampled })).toBe(404);
    expect(await requestSpan('/nowhere', traceId)).toMatchObject({
      name: 'GET',
      isError: false,
      attributes: { 'error.type': 'routing.no_route', 'torii.error_owner': 'routing' },
    });
  });

  it.each([
    ['of another length', `00-${traceId}-${callerSpanId}`],
    ['of zeros', '00-00000000000000000000000000000000-00f067aa0ba902b7-01'],
    ['in capitals', `00-${traceId.toUpperCase()}-${callerSpanId}-01`],
    ['of a version that is none', `ff-${traceId}-${callerSpanId}-01`],
    ['that is no text of it', '"; drop'],
  ])('begins a trace of its own when it comes with a traceparent %s', async (name, traceparent) => {
    const path = `/proxied/${name.replaceAll(' ', '-')}`;
    expect(await call(path, { traceparent, tracestate: 'vendor=1' })).toBe(200);
    const request = await requestSpan(path);
    expect(request.parentSpanId ?? '').toBe('');
    expect(request.traceId).not.toBe(traceId);
    const sent = seen.get(path);
    expect(sent?.traceparent).toMatch(new RegExp(`^00-${request.traceId}-[0-9a-f]{16}-01$`));
    expect(sent?.tracestate).toBeUndefined();
  });

  it('is not recorded when who asked says so, and says so to others', async () => {
    expect(await call('/proxied/unsampled', { traceparent: `00-${traceId}-${callerSpanId}-00` })).toBe(200);
    expect(await call('/calls', { traceparent: `00-${traceId.replace('4', '5')}-${callerSpanId}-00` })).toBe(200);
    expect(seen.get('/proxied/unsampled')?.traceparent).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`));
    expect(seen.get('/outbound')?.traceparent).toMatch(new RegExp(`^00-${traceId.replace('4', '5')}-[0-9a-f]{16}-00$`));
    await call('/proxied/after');
    await requestSpan('/proxied/after');
    expect(collector.spans.filter(({ attributes }) => attributes['url.path'] === '/proxied/unsampled')).toEqual([]);
  });

  it('is named in the access log', async () => {
    const response = await fetch(`${node.proxyUrl}/hello`, { headers: { traceparent: sampled, 'x-request-id': 'a-request-with-a-trace' } });
    await response.arrayBuffer();
    await eventually(() => {
      const line = node.node.logs.find((one) => one.includes('"requestId":"a-request-with-a-trace"'));
      expect(line).toContain(`"traceId":"${traceId}"`);
    });
  });
});

describe('a collector that is slow', () => {
  it('gets what came while it took the last spans, and is not taken for one that is away', async () => {
    collector.hold();
    await call('/hello/first');
    await requestSpan('/hello/first');
    await call('/hello/second');
    collector.goOn();
    await requestSpan('/hello/second');
    expect(linesOf('traces cannot be sent')).toEqual([]);
  });
});

describe('a collector that is away', () => {
  it('holds nobody up, is said to be away once, and gets traces again when it is back', async () => {
    await collector.stop();
    for (let request = 0; request < 30; request += 1) expect(await call('/hello')).toBe(200);
    await eventually(async () => expect(await metric('torii_trace_spans_total{outcome="failed"}')).toBeGreaterThan(0));
    for (let request = 0; request < 30; request += 1) expect(await call('/hello')).toBe(200);
    await collector.start();
    await eventually(() => expect(linesOf('traces are sent again')).toHaveLength(1));
    expect(linesOf('traces cannot be sent')).toHaveLength(1);
    await call('/hello/back');
    await requestSpan('/hello/back');
  });

  it('that refuses what it gets is no other', async () => {
    collector.status = 400;
    const before = await metric('torii_trace_spans_total{outcome="failed"}');
    expect(await call('/hello')).toBe(200);
    await eventually(async () => expect(await metric('torii_trace_spans_total{outcome="failed"}')).toBeGreaterThan(before));
    collector.status = 200;
    await eventually(async () => {
      await call('/hello/again');
      expect(collector.spans.some(({ attributes }) => attributes['url.path'] === '/hello/again')).toBe(true);
    });
  });
});

describe('a node that stops', () => {
  it('sends the spans that wait', async () => {
    await call('/hello/last');
    await node.stopProcess();
    expect(collector.spans.some(({ attributes }) => attributes['url.path'] === '/hello/last')).toBe(true);
  });
});
