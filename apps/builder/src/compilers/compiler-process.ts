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
  const [memoryMaxBytes, builderPid] = process.argv.slice(2).map(Number);
  const bound = boundWasmMemory(memoryMaxBytes ?? 0);
  // The builder said who it is: it may be gone already, and this process have another parent.
  new Worker(watch, { eval: true, workerData: builderPid }).unref();
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.on('message', (job: Job) => {
    bound.isReached = false;
    void compile(job, bound).then((reply) => process.send?.(reply));
  });
}
