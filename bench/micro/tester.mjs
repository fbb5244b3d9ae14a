// What the tester costs requests that nobody asked a report of, and those that somebody did. The first is too little to be
// seen beside a whole request on a busy machine, so what such a request does for the tester's sake is measured alone, and
// divided by what the node computes for one.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseRequestTarget } from '../../apps/data-plane/dist/routing/request-target.js';
import { RouteTable } from '../../apps/data-plane/dist/routing/route-table.js';
import { Inspector } from '../../apps/data-plane/dist/tester/inspector.js';
import { debugTokenKey, Secret, signDebugToken, systemClock } from '../../packages/service-kit/dist/index.js';
import { compile } from '../lib/guests.mjs';
import { LoadProcess } from '../lib/load.mjs';
import { cpuUsOf } from '../lib/process-cpu.mjs';
import { median } from '../lib/stats.mjs';
import { table } from '../lib/tables.mjs';
import { aPlugin, aRoute, nodeToken, ToriiNode } from '../lib/torii-node.mjs';

const rounds = 7;
const roundMs = 1_500;
const warmUpMs = 3_000;
/** Fewer than a thread reports at once. */
const connections = 8;
const key = debugTokenKey(new Secret(nodeToken));

const directory = mkdtempSync(path.join(tmpdir(), 'torii-bench-'));
const load = new LoadProcess();
const node = await ToriiNode.start({ directory, env: { TORII_LOG_LEVEL: 'fatal' } });
try {
  const hello = aPlugin({ name: 'hello', sha256: node.addModule(await compile(guest())) });
  const refused = await node.apply([hello], [aRoute(hello, 'bench.test')]);
  if (refused !== undefined) throw new Error(refused);
  const token = signDebugToken(key, { exp: Math.floor(Date.now() / 1_000) + 3_600 });
  const cases = {
    'no token': 'bench.test',
    'a token that is refused': 'bench.test\r\nx-torii-debug: nonsense',
    'a report': `bench.test\r\nx-torii-debug: ${token}`,
  };
  const samples = Object.fromEntries(Object.keys(cases).map((name) => [name, []]));
  for (const host of Object.values(cases)) await cpuUsPerRequest(host, warmUpMs);
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, host] of Object.entries(cases)) samples[name].push(await cpuUsPerRequest(host, roundMs));
  }
  const plain = samples['no token'];
  console.log(`CPU us per request, median of ${rounds} interleaved rounds (least..most), and beside a request without a token`);
  const rows = Object.entries(samples).map(([name, us]) => {
    const ratio = median(us.map((one, round) => one / plain[round]));
    return [name, `${median(us).toFixed(1)} (${Math.min(...us).toFixed(1)}..${Math.max(...us).toFixed(1)})`, ratio.toFixed(3)];
  });
  console.log(table(['', 'us', 'x'], rows));
  for (const routes of [1_000, 10_000, 100_000])
    console.log(`explaining why each of ${routes} routes won or lost: ${(await explainMs(routes)).toFixed(1)} ms`);
  const ns = offNs();
  console.log(
    `\nwhat a request without a token does for the tester: ${ns.toFixed(0)} ns, ${((100 * ns) / 1_000 / median(plain)).toFixed(3)} % of its CPU time`,
  );
} finally {
  load.stop();
  await node.stop();
  rmSync(directory, { recursive: true, force: true });
}

async function cpuUsPerRequest(host, durationMs) {
  const before = cpuUsOf(node.pid);
  const { requests } = await load.run({ port: node.port, host, path: '/', connections, durationMs });
  return (cpuUsOf(node.pid) - before) / requests;
}

async function explainMs(count) {
  const routes = Array.from({ length: count }, (_, index) => ({
    id: `rt_${index}`,
    name: `r${index}`,
    match: [{ hosts: [`h${index % 1_000}.test`], paths: [{ type: 'prefix', value: `/p${index}` }], methods: [] }],
  }));
  const routeTable = new RouteTable(routes);
  const target = parseRequestTarget('/p7/x', 'h7.test');
  const head = { method: 'GET', headers: {}, headersDistinct: {} };
  const { route: chosen } = routeTable.match(target, head);
  const samples = [];
  for (let round = 0; round < rounds; round += 1) {
    const startedAt = performance.now();
    await routeTable.explain({ target, head, chosen, refused: new Set() }, 50);
    samples.push(performance.now() - startedAt);
  }
  return median(samples);
}

/** The look for a token, and each place that would note something, with the functions that exist for its sake. */
function offNs() {
  const inspector = new Inspector({ nodeId: 'nd_bench', thread: 0, key, clock: systemClock, log: undefined, keep: () => undefined });
  const headers = { host: 'bench.test', 'user-agent': 'bench', accept: '*/*' };
  const loops = 2_000_000;
  const places = 12;
  const samples = [];
  for (let round = 0; round < rounds; round += 1) {
    let seen = 0;
    const startedAt = performance.now();
    for (let loop = 0; loop < loops; loop += 1) {
      const req = { headers, rawHeaders: [] };
      const inspection = inspector.inspect(req, undefined);
      const trace = { recording: inspection?.recording };
      for (let place = 0; place < places; place += 1) if (trace.recording !== undefined) seen += 1;
      const encode = () => req.headers.host.length + loop;
      seen += encode() & 1;
    }
    samples.push(((performance.now() - startedAt) * 1e6) / loops);
    if (seen === 0) throw new Error('nothing was done');
  }
  return median(samples);
}

/** Answers always the same. */
function guest() {
  return `(module
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
    (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
    (memory (export "memory") 1)
    (data (i32.const 0) "{\\22status\\22:200,\\22body_str\\22:\\22hello\\22}")
    (func (export "run") (result i32) (local $at i64) (local $output i64)
      (local.set $output (call $alloc (i64.const 33)))
      (loop $next
        (call $store_u8 (i64.add (local.get $output) (local.get $at)) (i32.load8_u (i32.wrap_i64 (local.get $at))))
        (local.set $at (i64.add (local.get $at) (i64.const 1)))
        (br_if $next (i64.lt_u (local.get $at) (i64.const 33))))
      (call $output_set (local.get $output) (i64.const 33))
      (i32.const 0)))`;
}
