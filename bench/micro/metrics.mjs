// What counting a request and the call of its plugin costs the thread that serves it, and what being asked costs the main
// thread: CPU time, median of several rounds.
import { Meter } from '../../apps/data-plane/dist/metrics/meter.js';
import { NodeMetrics } from '../../apps/data-plane/dist/metrics/node-metrics.js';
import { RequestMeter } from '../../apps/data-plane/dist/metrics/request-meter.js';

const rounds = 9;
const requests = 200_000;
const plugins = Array.from({ length: 1_000 }, (_, index) => ({ id: `pl_${index}`, workspace: 'default', name: `plugin-${index}` }));
const routes = plugins.map(({ name }) => ({ id: `rt_${name}`, workspace: 'default', name }));
const metrics = new NodeMetrics({ threads: 4, maxSeries: 1_000, requestTimeoutMs: 1_000 });
const { pluginRows, routeRows } = metrics.rowsFor({ plugins, routes });
const meter = new RequestMeter(new Meter(metrics.memory, 0));
const costs = { wallMs: 0.2, queueMs: 0, memoryBytes: 131_072 };
const traces = pluginRows.map((row, index) => ({ routeRow: routeRows[index], calls: [{ row, code: undefined, bodyBytes: 10, costs }] }));
const end = { status: 200, durationMs: 0.4, code: undefined };
const gauges = { threadsServing: 4, threadsSpare: 1, revision: 1, isRejected: false, isRedisConnected: true };

const median = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
function cpuUs(work) {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

const counting = [];
const asking = [];
for (let round = 0; round < rounds; round += 1) {
  counting.push(
    cpuUs(() => {
      for (let request = 0; request < requests; request += 1) {
        meter.begin();
        meter.end(traces[request % 16], end);
      }
    }),
  );
  asking.push(cpuUs(() => metrics.text(gauges)));
}
console.log(`counting a request: ${((median(counting) * 1000) / requests).toFixed(0)} ns`);
console.log(`being asked, with ${plugins.length} plugins and as many routes: ${(median(asking) / 1000).toFixed(0)} ms`);
