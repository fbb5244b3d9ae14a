import { describe, expect, it } from '@jest/globals';
import { AppError } from '@torii/contracts';
import { createLogger } from '@torii/service-kit';
import { anyText } from '@torii/test-kit';
import fc from 'fast-check';
import { type PluginCall, Trace } from '../pipeline/trace.js';
import { type AccessEntry, AccessLog, fieldsOf } from './access-log.js';

function logInto(lines: string[]) {
  return createLogger({ level: 'info', app: 'data-plane', fields: { nodeId: 'n1' } }, { write: (line) => lines.push(line) });
}

const text = anyText(20);
const ms = fc.double({ min: 0, max: 1e6, noNaN: true });
const entry: fc.Arbitrary<AccessEntry> = fc.record({
  requestId: text,
  method: text,
  host: text,
  path: text,
  status: fc.integer({ min: 200, max: 599 }),
  durationMs: ms,
  revision: fc.option(fc.nat(), { nil: undefined }),
  error: fc.constantFrom(undefined, new AppError('client.gone'), new AppError('plugin.failed', { detail: 'it said "no"\n' })),
});
const costs = fc.record({
  cpuMs: ms,
  hostCalls: fc.nat(),
  httpCalls: fc.nat(),
  wallMs: ms,
  queueMs: ms,
  hostBytes: fc.nat(),
  hostMs: ms,
  memoryBytes: fc.nat(),
});
const call: fc.Arbitrary<PluginCall> = fc.record({
  kind: fc.constantFrom('backend', 'pre_route', 'response_transformer'),
  pluginName: text,
  pluginVersion: fc.nat(),
  row: fc.nat(),
  bodyBytes: fc.nat(),
  costs: fc.option(costs, { nil: undefined }),
  code: fc.constantFrom(undefined, 'plugin.trapped'),
  isLenientOutput: fc.boolean(),
});
const trace: fc.Arbitrary<Trace> = fc
  .record(
    {
      routeName: text,
      pluginName: text,
      pluginVersion: fc.nat(),
      calls: fc.array(call, { maxLength: 4 }),
      upstreamAttempts: fc.array(fc.record({ peerUrl: text }), { maxLength: 3 }),
    },
    { requiredKeys: [] },
  )
  .map((part) => Object.assign(new Trace(0), part));

describe('AccessLog', () => {
  it('writes byte for byte the line that the logger would make of the fields', () => {
    fc.assert(
      fc.property(entry, trace, (one, of) => {
        const lines: string[] = [];
        const log = logInto(lines);
        new AccessLog(log).write(one, of);
        log.info(fieldsOf(one, of), 'request');
        const [written, expected] = lines.map((line) => line.replace(/"time":"[^"]*"/, ''));
        expect(written).toBe(expected);
      }),
    );
  });

  it('writes a fault of ours as an error, with its cause', () => {
    const lines: string[] = [];
    const error = new AppError('platform.internal', { cause: new TypeError('broken') });
    new AccessLog(logInto(lines)).write(
      { requestId: 'r', method: 'GET', host: 'h', path: '/', status: 500, durationMs: 1.23456, revision: 7, error },
      new Trace(0),
    );
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 50,
      msg: 'request',
      durationMs: 1.235,
      owner: 'platform',
      err: { type: 'TypeError', message: 'broken', stack: expect.stringContaining('access-log.spec') },
    });
  });
});
