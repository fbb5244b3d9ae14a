import { parentPort } from 'node:worker_threads';
import { rewriteForGuests } from './rewrite-for-guests.js';
import type { RewriteAnswer, RewriteJob } from './rewrite-thread.js';

// Rewrites one module after the other, so that the thread which tells it to can go on.

const parent = parentPort;
if (parent === null) throw new Error('the rewriting thread is started by the node, not by hand');

parent.on('message', ({ bytes, memoryMaxPages }: RewriteJob) => {
  const { answer, transfer } = answerTo(bytes, memoryMaxPages);
  parent.postMessage(answer, transfer);
});

function answerTo(bytes: Uint8Array, memoryMaxPages: number): { answer: RewriteAnswer; transfer: ArrayBuffer[] } {
  try {
    const rewritten = rewriteForGuests(bytes, memoryMaxPages);
    return { answer: { ok: true, rewritten }, transfer: [rewritten.buffer as ArrayBuffer] };
  } catch (error) {
    return { answer: { ok: false, detail: error instanceof Error ? error.message : String(error) }, transfer: [] };
  }
}
