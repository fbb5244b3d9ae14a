/** A host function could not do what it was asked. `code` is one of those in docs/host-functions.md, such as `over_limit`. */
export class HostError extends Error {
  readonly code: string;

  constructor(code: string, detail: string) {
    super(detail);
    this.name = 'HostError';
    this.code = code;
  }
}

/** Throws why the host function that was called last did not do what it was asked; returns when it had no error. */
export function throwLastError(): void {
  const block = Memory.find(Host.getFunctions().proxy_last_error?.(0) ?? 0);
  if (block.len === 0) return;
  const { code, detail } = block.readJsonObject() as { code: string; detail: string };
  throw new HostError(code, detail);
}
