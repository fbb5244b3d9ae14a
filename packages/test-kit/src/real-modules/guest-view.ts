/** A guest's memory as host functions see it. The buffer is looked up each time, because growing the memory replaces it. */
export interface GuestView {
  readonly numbers: DataView;
  bytes(pointer: number, length: number): Uint8Array;
}

export function viewOf(memory: () => { readonly buffer: ArrayBuffer }): GuestView {
  return {
    get numbers() {
      return new DataView(memory().buffer);
    },
    bytes: (pointer, length) => new Uint8Array(memory().buffer, pointer, length),
  };
}
