import { Worker } from 'node:worker_threads';
import { boundWasmMemory, type MemoryBound } from './bound-wasm-memory.js';
import type { ProcessReply } from './compile-processes.js';

/** Ends this process when the builder is gone, even while the compiler does not come back from an endless source. */
const watch = `
  const { workerData: builderPid } = require('node:worker_threads');
  setInterval(() => { if (process.ppid !== builderPid) process.kill(process.pid, 'SIGKILL'); }, 500);
`;

/** How one compiling process does its jobs, one after the other. `bound` says whether the memory of the compiler is used up. */
export function serveCompiles<Job, Answer>(compile: (job: Job, bound: MemoryBound) => Promise<ProcessReply<Answer>>): void {
  if (process.send === undefined) throw new Error('the compiling process is started by the builder, not by hand');
  const bound = boundWasmMemory(Number(process.argv[2]));
  new Worker(watch, { eval: true, workerData: process.ppid }).unref();
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.on('message', (job: Job) => {
    bound.isReached = false;
    void compile(job, bound).then((reply) => process.send?.(reply));
  });
}
