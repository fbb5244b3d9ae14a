/** The bytes are not a module we accept. The message says what is wrong and is safe to show; `offset` is where, in bytes. */
export class WasmFormatError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(`${message} (at byte ${offset})`);
    this.name = 'WasmFormatError';
    this.offset = offset;
  }
}
