// What one operation on an in-memory map costs: in the table that all threads share, by one thread and by two at once, and
// beside it a map that another thread owns and that is asked by messages. Interleaved rounds; CPU and wall time per operation.
import { parseArgs } from 'node:util';
import { isMainThread, MessageChannel, parentPort, Worker, workerData } from 'node:worker_threads';
import { SharedMapTable } from '../../packages/kv/dist/index.js';

const value = new Uint8Array(100).fill(7);
const keyCount = 10_000;

if (isMainThread) await main();
else work();

async function main() {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '7' }, operations: { type: 'string', default: '200000' } } });
  const rounds = Number(values.rounds);
  const operations = Number(values.operations);
  const table = SharedMapTable.create(64 * 1024 * 1024);
  for (const [mapId, policy] of [
    ['map', 'refuse'],
    ['lru', 'lru'],
  ])
    table.open(mapId, { maxBytes: 16 * 1024 * 1024, maxKeys: 100_000, policy });
  const threads = [0, 1].map((index) => startThread({ role: 'user', buffer: table.buffer, index }));
  const { port1, port2 } = new MessageChannel();
  const owner = startThread({ role: 'owner', port: port1 }, [port1]);
  const asker = startThread({ role: 'asker', port: port2 }, [port2]);

  const few = Math.ceil(operations / 20);
  const shared =
    (what, users = [0], mapId = 'map') =>
    () =>
      Promise.all(users.map((user) => threads[user].run({ what, mapId, operations })));
  const asked = (inFlight) => async () => {
    await owner.run({});
    const outcome = await asker.run({ inFlight, operations: few });
    return [outcome, await owner.run({})];
  };
  const cases = [
    ['get, one thread', shared('get')],
    ['get, two threads at once', shared('get', [0, 1])],
    ['get, one thread, lru map', shared('get', [0], 'lru')],
    ['set, one thread', shared('set')],
    ['set, two threads at once', shared('set', [0, 1])],
    ['set, two threads, the same key', shared('setOne', [0, 1])],
    ['incrementBy, one thread', shared('add')],
    ['incrementBy, two threads, the same key', shared('add', [0, 1])],
    ['get by messages, one at a time', asked(1)],
    ['get by messages, 32 in flight', asked(32)],
  ];
  const results = new Map(cases.map(([name]) => [name, { wall: [], cpu: [] }]));
  for (let round = -1; round < rounds; round++) {
    for (const [name, run] of cases) {
      const outcomes = await run();
      const done = outcomes.reduce((sum, outcome) => sum + outcome.operations, 0);
      if (round < 0) continue; // the first one warms up
      const { wall, cpu } = results.get(name);
      wall.push((Math.max(...outcomes.map((outcome) => outcome.wallMs)) * 1e6) / done);
      cpu.push((outcomes.reduce((sum, outcome) => sum + outcome.cpuMs, 0) * 1e6) / done);
    }
  }
  console.log(
    `Values of ${value.length} bytes, ${keyCount} keys, ${rounds} rounds of ${operations} operations for each thread; ns, median (least-most)`,
  );
  console.table(
    Object.fromEntries([...results].map(([name, { wall, cpu }]) => [name, { 'CPU per operation': spread(cpu), 'time per operation': spread(wall) }])),
  );
  await Promise.all([...threads, owner, asker].map((thread) => thread.close()));
}

function startThread(settings, transferList = []) {
  const worker = new Worker(new URL(import.meta.url), { workerData: settings, transferList });
  return {
    run: (task) =>
      new Promise((resolve, reject) => {
        worker.once('error', reject);
        worker.once('message', (outcome) => {
          worker.off('error', reject);
          resolve(outcome);
        });
        worker.postMessage(task);
      }),
    close: () => worker.terminate(),
  };
}

function work() {
  if (workerData.role === 'user') {
    const table = SharedMapTable.attach(workerData.buffer, workerData.index);
    const maps = { map: table.map('map'), lru: table.map('lru') };
    for (const store of Object.values(maps)) for (let index = 0; index < keyCount; index++) store.set(`key-${index}`, value);
    parentPort.on('message', async (task) => parentPort.postMessage(await measured(task.operations, () => use(maps[task.mapId], task))));
  } else if (workerData.role === 'owner') {
    const owned = new Map(Array.from({ length: keyCount }, (_, index) => [`key-${index}`, value]));
    workerData.port.on('message', ({ id, key }) => workerData.port.postMessage({ id, value: owned.get(key) }));
    let before = process.threadCpuUsage();
    parentPort.on('message', () => {
      // What it cost since it was last asked.
      const { user, system } = process.threadCpuUsage(before);
      before = process.threadCpuUsage();
      parentPort.postMessage({ operations: 0, wallMs: 0, cpuMs: (user + system) / 1_000 });
    });
  } else {
    const waiting = new Map();
    workerData.port.on('message', ({ id, value: found }) => {
      waiting.get(id)(found);
      waiting.delete(id);
    });
    let nextId = 0;
    const get = (key) =>
      new Promise((resolve) => {
        waiting.set(nextId, resolve);
        workerData.port.postMessage({ id: nextId++, key });
      });
    parentPort.on('message', async ({ inFlight, operations }) => {
      const ask = async () => {
        for (let round = 0; round < operations / inFlight; round++) await get(`key-${round % keyCount}`);
      };
      parentPort.postMessage(await measured(operations, () => Promise.all(Array.from({ length: inFlight }, ask))));
    });
  }
}

function use(store, { what, operations }) {
  for (let index = 0; index < operations; index++) {
    if (what === 'get') store.get(`key-${index % keyCount}`);
    else if (what === 'set') store.set(`key-${index % keyCount}`, value);
    else if (what === 'setOne') store.set('the same key', value);
    else store.incrementBy('sum', 1n);
  }
}

async function measured(operations, run) {
  const cpuBefore = process.threadCpuUsage();
  const startedAt = performance.now();
  await run();
  const wallMs = performance.now() - startedAt;
  const { user, system } = process.threadCpuUsage(cpuBefore);
  return { operations, wallMs, cpuMs: (user + system) / 1_000 };
}

function spread(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  return `${Math.round(sorted[Math.floor(sorted.length / 2)])} (${Math.round(sorted[0])}-${Math.round(sorted.at(-1))})`;
}
