import { describe, expect, it } from '@jest/globals';
import { NodeId, type NodeStatus } from '@torii/contracts';
import { createLogger } from '@torii/service-kit';
import { StatusReporter } from './status-reporter.js';

const log = createLogger({ level: 'silent', app: 'test' });

function aStatus(): NodeStatus {
  const now = new Date(0).toISOString();
  const id = NodeId.parse('nd_01900000-0000-7000-8000-000000000001');
  return {
    id,
    version: '0.1.0',
    internalUrl: 'http://127.0.0.1:1',
    proxyPort: 1,
    dataThreads: 1,
    startedAt: now,
    heartbeatAt: now,
    active: null,
    rejected: null,
  };
}

describe('StatusReporter', () => {
  it('does not bring the node back after it has left, whatever still changes while it stops', async () => {
    const events: string[] = [];
    const sink = {
      report: async () => {
        events.push('report');
      },
      leave: async () => {
        events.push('leave');
      },
    };
    const reporter = new StatusReporter(sink, aStatus, 60_000, log);
    reporter.start();
    await reporter.stop();
    reporter.reportNow(); // an activation that ends late, or Redis that comes back
    await new Promise((resolve) => setImmediate(resolve));
    expect(events).toEqual(['report', 'leave']);
  });
});
