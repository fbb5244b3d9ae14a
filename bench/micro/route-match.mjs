// What finding a request's route costs, and making the table, by the number of routes: CPU time, median of several rounds.
// Then the bytes of heap that the largest table takes for each route, beside the route itself.
//   node bench/micro/route-match.mjs
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parseRequestTarget } from '../../apps/data-plane/dist/routing/request-target.js';
import { RouteTable } from '../../apps/data-plane/dist/routing/route-table.js';

const rounds = 9;
const requests = 100_000;
const counts = [10, 1_000, 100_000];
const head = { method: 'GET', headers: {}, headersDistinct: { 'x-tenant': ['t7'], accept: ['*/*'] } };

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

const cases = {
  'a host each, prefix': {
    route: (index) => match({ hosts: [`h${index}.example.com`], paths: [{ type: 'prefix', value: '/api' }] }),
    target: (index) => parseRequestTarget('/api/users/42', `h${index}.example.com`),
  },
  'one host, exact path': {
    route: (index) => match({ hosts: ['api.example.com'], paths: [{ type: 'exact', value: `/v1/things/${index}` }] }),
    target: (index) => parseRequestTarget(`/v1/things/${index}`, 'api.example.com'),
  },
  'one host, template with names': {
    route: (index) => match({ hosts: ['api.example.com'], paths: [{ type: 'template', value: `/v1/t${index}/:id/parts/:part` }] }),
    target: (index) => parseRequestTarget(`/v1/t${index}/42/parts/7`, 'api.example.com'),
  },
  'suffix host, expression, header': {
    route: (index) =>
      match({
        hosts: [`*.h${index}.example.com`],
        paths: [{ type: 'template', value: '/v1/$id<[0-9]+>' }],
        headers: [{ name: 'x-tenant', type: 'exact', value: 't7' }],
      }),
    target: (index) => parseRequestTarget('/v1/42', `a.h${index}.example.com`),
  },
  'the same, path and header its own': {
    route: (index) =>
      match({
        hosts: [`*.h${index}.example.com`],
        paths: [{ type: 'template', value: `/v${index}/$id<[0-9]+>` }],
        headers: [{ name: 'x-tenant', type: 'exact', value: `t${index}` }],
      }),
    target: (index) => parseRequestTarget(`/v${index}/42`, `a.h${index}.example.com`),
    head: (index) => ({ ...head, headersDistinct: { ...head.headersDistinct, 'x-tenant': [`t${index}`] } }),
  },
  'a host each of two, by method': {
    route: (index) =>
      match({
        hosts: [`h${Math.floor(index / 2)}.example.com`],
        paths: [{ type: 'prefix', value: '/api/users' }],
        methods: [index % 2 === 0 ? 'POST' : 'GET'],
      }),
    target: (index) => parseRequestTarget('/api/users/42', `h${Math.floor(index / 2)}.example.com`),
  },
};

const names = Object.keys(cases);
console.log(`| routes | ${names.join(' | ')} | building | changing one route |`);
console.log(`|---|${'---|'.repeat(names.length + 2)}`);
let heapCells = [];
for (const count of counts) {
  const cells = [];
  heapCells = [];
  let buildMs = 0;
  let changeMs = 0;
  for (const { route, target, head: headOf = () => head } of Object.values(cases)) {
    const routes = Array.from({ length: count }, (_, index) => ({ id: `rt_${index}`, name: `r${index}`, match: [route(index)] }));
    const heapBefore = heapBytes();
    const startedMs = performance.now();
    const table = new RouteTable(routes);
    buildMs += performance.now() - startedMs;
    heapCells.push(((heapBytes() - heapBefore) / count).toFixed(0));
    changeMs += changeOne(table, routes, route);
    const asked = Array.from({ length: 1_000 }, (_, at) => Math.floor((at * count) / 1_000));
    const [targets, heads] = [asked.map(target), asked.map(headOf)];
    cells.push(`${(medianOf(() => matchAll(table, targets, heads)) / (requests / 1_000)).toFixed(2)} us`);
  }
  console.log(`| ${count} | ${cells.join(' | ')} | ${(buildMs / cells.length).toFixed(0)} ms | ${(changeMs / cells.length).toFixed(2)} ms |`);
}
console.log(`| bytes for each of ${counts.at(-1)} | ${heapCells.join(' | ')} | | |`);

function match(part) {
  return { hosts: [], paths: [], methods: [], ...part };
}

/** Milliseconds, the median of replacing routes one after another, each in a table of its own. */
function changeOne(first, routes, route) {
  const times = [];
  let base = first;
  for (let round = 0; round < rounds; round += 1) {
    const index = Math.floor((round * routes.length) / rounds);
    const next = { id: `rt_${index}`, name: `r${index}`, match: [route(index)] };
    const startedMs = performance.now();
    base = new RouteTable([next], { base, removed: [routes[index]] });
    times.push(performance.now() - startedMs);
  }
  return times.sort((a, b) => a - b)[Math.floor(rounds / 2)];
}

function matchAll(table, targets, heads) {
  for (let request = 0; request < requests; request += 1) table.match(targets[request % targets.length], heads[request % heads.length]);
}

/** Of what is still in use. */
function heapBytes() {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** Milliseconds of CPU. */
function medianOf(work) {
  const times = [];
  for (let round = 0; round < rounds; round += 1) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1000);
  }
  return times.sort((a, b) => a - b)[Math.floor(rounds / 2)];
}
