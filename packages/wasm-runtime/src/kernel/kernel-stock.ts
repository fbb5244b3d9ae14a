import { Kernel } from './kernel.js';

const stockMax = 64;
/** Kernels with more memory than this are not kept for others. */
const stockedMaxBytes = 256 * 1024;

const stock: Kernel[] = [];

/** A kernel that holds nothing, of this thread's stock if there is one: a memory less to be mapped and collected. */
export function takeKernel(maxBytes: number): Kernel {
  const kernel = stock.pop() ?? new Kernel();
  kernel.limitTo(maxBytes);
  return kernel;
}

/** To be called only for a guest that has returned: one that is merely cut may still be on its way out, with its kernel. */
export function giveBackKernel(kernel: Kernel): void {
  if (stock.length >= stockMax || kernel.memoryBytes > stockedMaxBytes) return;
  kernel.begin('');
  stock.push(kernel);
}
