import { stackProbeBase64 } from './kernel.generated.js';

const { descend } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(stackProbeBase64, 'base64')), {
  host: { never: () => undefined },
}).exports as { descend: (levels: number) => void };

/** Levels of 4 KiB, beside the one that is always there. */
const levels = 7;

/**
 * Throws a `RangeError` unless 32 KiB of stack are left. A guest that cannot be suspended shares its stack with the host,
 * and decides how much of it is left: without this, it would decide in which line of ours the stack ends. Some 0.1 us.
 */
export function expectStack(): void {
  descend(levels);
}
