import { restoreBase64 } from '../kernel/kernel.generated.js';

const restoreModule = new WebAssembly.Module(Buffer.from(restoreBase64, 'base64'));

const pageBytes = 4096;
const wasmPageBytes = 65_536;
const listEnd = 0xffffffff;
/** Scanning a larger memory after each call would cost more than making a new instance. */
export const imageMaxBytes = 32 * 1024 * 1024;

/** What of a guest is its state, beside its tables, which rewriting has found it never changes. */
export interface GuestState {
  readonly memory: WebAssembly.Memory | undefined;
  /** Every mutable global, always in the same order. */
  readonly globals: readonly WebAssembly.Global[];
}

/**
 * The state of a guest at one moment, to which it and others of the same module can be put back in place: microseconds
 * for a memory of a few pages, against hundreds for a new instance. Only pages that are not all zeros are kept.
 */
export class GuestImage {
  /** Whether it was taken of a guest that was initialised; if not, that is still to be done after putting a guest back to it. */
  readonly isInitialised: boolean;
  private readonly contentsAt: number;
  private readonly pages: WebAssembly.Memory;
  private readonly globals: readonly unknown[];

  /** Undefined when the memory is larger than `imageMaxBytes`. */
  static take(state: GuestState, isInitialised = true): GuestImage | undefined {
    const buffer = state.memory?.buffer ?? new ArrayBuffer(0);
    return buffer.byteLength > imageMaxBytes ? undefined : new GuestImage(new Uint8Array(buffer), state.globals, isInitialised);
  }

  private constructor(memory: Uint8Array, globals: readonly WebAssembly.Global[], isInitialised: boolean) {
    this.isInitialised = isInitialised;
    const used = usedPages(memory);
    this.globals = globals.map((global) => global.value);
    this.contentsAt = Math.ceil(((used.length + 1) * 4) / pageBytes) * pageBytes;
    const bytes = this.contentsAt + used.length * pageBytes;
    this.pages = new WebAssembly.Memory({ initial: Math.ceil(bytes / wasmPageBytes) });
    new Uint32Array(this.pages.buffer).set([...used, listEnd]);
    const target = new Uint8Array(this.pages.buffer);
    used.forEach((page, index) => {
      target.set(memory.subarray(page * pageBytes, (page + 1) * pageBytes), this.contentsAt + index * pageBytes);
    });
  }

  /** What the image itself takes. */
  get bytes(): number {
    return this.pages.buffer.byteLength;
  }

  /**
   * Answers a function that puts that guest, which must be of the module the image was taken of, back to the image.
   * What the guest has grown since is cleared; that it does not count as the guest's is what rewriting sees to, by a global
   * (`grow-function.ts` of wasm-binary). The function answers false, having changed nothing, when the memory has become
   * larger than `imageMaxBytes`.
   */
  restorerOf(state: GuestState): () => boolean {
    const { memory, globals } = state;
    const putBackGlobals = (): void => {
      for (const [index, global] of globals.entries()) global.value = this.globals[index];
    };
    if (memory === undefined) {
      return () => {
        putBackGlobals();
        return true;
      };
    }
    const { restore } = new WebAssembly.Instance(restoreModule, { guest: { memory }, image: { memory: this.pages } }).exports as {
      restore: (length: number, contents: number) => number;
    };
    return () => {
      const { byteLength } = memory.buffer;
      if (byteLength > imageMaxBytes) return false;
      restore(byteLength, this.contentsAt);
      putBackGlobals();
      return true;
    };
  }
}

/** Numbers of the pages of 4 KiB that hold anything but zeros. */
function usedPages(memory: Uint8Array): number[] {
  const words = new BigUint64Array(memory.buffer, memory.byteOffset, memory.length / 8);
  const wordsPerPage = pageBytes / 8;
  const used: number[] = [];
  for (let page = 0; page * pageBytes < memory.length; page += 1) {
    const end = (page + 1) * wordsPerPage;
    for (let word = page * wordsPerPage; word < end; word += 1) {
      if (words[word] === 0n) continue;
      used.push(page);
      break;
    }
  }
  return used;
}
