// What a data thread pays for a draft of the tester, by the number of routes that are served: a draft of one route, and one of
// other slots for all routes. Milliseconds until it is built, and the longest that others waited meanwhile; medians.
//   node bench/micro/stage-draft.mjs
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { ActiveRevision } from '../../apps/data-plane/dist/config/active-revision.js';
import { stageDraft } from '../../apps/data-plane/dist/threads/stage-draft.js';
import { stageRevision } from '../../apps/data-plane/dist/threads/stage-revision.js';
import { keyedSnapshot, stagedSnapshot } from '../../apps/data-plane/dist/threads/staged-routes.js';
import { Deadline, systemClock } from '../../packages/service-kit/dist/index.js';
import { aStaticRoute } from '../lib/static-route.mjs';
import { median } from '../lib/stats.mjs';

const rounds = 7;
const nothing = { plugins: [], pluginRows: [], globalPlugins: [], upstreamRows: new Map(), upstreamCells: new Map() };
const scratch = { trialId: 'bench', plugins: new Set() };
const draft = { plugins: [], pluginRows: [], routeRow: 0, without: [], buildTimeoutMs: 60_000, globalPlugins: undefined, scratch };

console.log('| routes | one route | others waited | slots of all routes | others waited |');
console.log('|---|---|---|---|---|');
for (const count of [100, 1_000, 10_000, 100_000]) {
  const routes = Array.from({ length: count }, (_, index) => aStaticRoute(index, 'saved'));
  const keyed = keyedSnapshot({ ...nothing, revision: 1, routes, routeRows: routes.map((_, index) => index) }, 1);
  const active = new ActiveRevision();
  active.swap((await stageRevision(stagedSnapshot(keyed, undefined), undefined, {})).revision);
  const one = await measure(active, { ...draft, routes: [aStaticRoute(Math.floor(count / 2), 'draft')] });
  const all = await measure(active, { ...draft, routes: [], globalPlugins: [] });
  console.log(`| ${count} | ${one.totalMs.toFixed(1)} | ${one.waitedMs.toFixed(1)} | ${all.totalMs.toFixed(1)} | ${all.waitedMs.toFixed(1)} |`);
}

async function measure(active, wanted) {
  const totals = [];
  const waits = [];
  for (let round = 0; round < rounds; round += 1) {
    const delays = monitorEventLoopDelay({ resolution: 1 });
    delays.enable();
    const startedMs = performance.now();
    const revision = await stageDraft(wanted, active, {}, Deadline.after(60_000, systemClock));
    totals.push(performance.now() - startedMs);
    await new Promise((resolve) => setTimeout(resolve, 5));
    delays.disable();
    waits.push(delays.max / 1e6);
    revision.dispose();
  }
  return { totalMs: median(totals), waitedMs: median(waits) };
}
