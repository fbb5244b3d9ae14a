const levels = { trace: 0, debug: 1, info: 2, warn: 3, error: 4 } as const;

/** Writes one line to the log of the node: its first 1,024 bytes. `console` does the same. */
export function log(level: keyof typeof levels, message: string): void {
  const { offset, len } = Memory.fromString(message);
  Host.getFunctions().proxy_log?.(levels[level], offset, len);
}
