// A data thread that can be told, by a file, to do what no guest should be able to: `stuck-<index>`, `spinning-<index>` (it
// never answers either, and wears a core out) and `broken-<index>` in the folder `troubleFolder` of what it is started with.
// `deadly-<revision>` ends each thread that is to stage it. While there is `held`, a thread that is to listen leaves
// `listening` there and does not answer.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import '../dist/threads/data-thread.js';

function isTold(what) {
  const file = path.join(workerData.troubleFolder, `${what}-${workerData.index}`);
  if (!existsSync(file)) return false;
  rmSync(file);
  return true;
}

parentPort.on('message', ({ kind, snapshot }) => {
  if (kind === 'stage' && existsSync(path.join(workerData.troubleFolder, `deadly-${snapshot.revision}`))) throw new Error('deadly on purpose');
  if (kind === 'listen') holdUp();
});

const never = new Int32Array(new SharedArrayBuffer(4));

function block(ms) {
  Atomics.wait(never, 0, 0, ms);
}

function holdUp() {
  const held = path.join(workerData.troubleFolder, 'held');
  if (existsSync(held)) writeFileSync(path.join(workerData.troubleFolder, 'listening'), '');
  while (existsSync(held)) block(10);
}

setInterval(() => {
  if (isTold('broken')) throw new Error('broken on purpose');
  if (isTold('stuck')) block(Number.POSITIVE_INFINITY);
  if (isTold('spinning')) for (;;);
}, 10);
