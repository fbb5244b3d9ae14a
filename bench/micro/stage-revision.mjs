// What a data thread pays for a change of configuration, by the number of routes: all of them told anew, and one changed.
// Milliseconds of the thread, median of several rounds; taking the message in is part of it.
//   node bench/micro/stage-revision.mjs
import { deserialize, serialize } from 'node:v8';
import { stageRevision } from '../../apps/data-plane/dist/threads/stage-revision.js';
import { keyedSnapshot, stagedSnapshot } from '../../apps/data-plane/dist/threads/staged-routes.js';
import { aStaticRoute } from '../lib/static-route.mjs';
import { median } from '../lib/stats.mjs';

const rounds = 9;
let serial = 0;
const nothing = { plugins: [], pluginRows: [], globalPlugins: [], upstreamRows: new Map(), upstreamCells: new Map() };

console.log('| routes | all | one changed | bytes of the message, all | one changed |');
console.log('|---|---|---|---|---|');
for (const count of [100, 1_000, 10_000, 100_000]) {
  const routes = Array.from({ length: count }, (_, index) => aStaticRoute(index, 'one'));
  let active = (await staged(routes, undefined)).active;
  const all = [];
  const changed = [];
  const bytes = [];
  for (let round = 0; round < rounds; round += 1) {
    const whole = await staged(routes, undefined);
    routes[Math.floor((round * count) / rounds)] = aStaticRoute(Math.floor((round * count) / rounds), `round ${round}`);
    const one = await staged(routes, active);
    active = one.active;
    all.push(whole.durationMs);
    changed.push(one.durationMs);
    bytes[0] = whole.bytes;
    bytes[1] = one.bytes;
  }
  console.log(`| ${count} | ${median(all).toFixed(1)} ms | ${median(changed).toFixed(2)} ms | ${bytes[0]} | ${bytes[1]} |`);
}

/** Without what the main thread does. */
async function staged(routes, active) {
  serial += 1;
  const keyed = keyedSnapshot({ ...nothing, revision: 1, routes, routeRows: routes.map((_, index) => index) }, serial);
  const message = serialize(stagedSnapshot(keyed, active?.routeKeys));
  const startedMs = performance.now();
  const revision = await stageRevision(deserialize(message), active?.revision, {});
  return { active: { revision, routeKeys: keyed.routeKeys }, durationMs: performance.now() - startedMs, bytes: message.length };
}
