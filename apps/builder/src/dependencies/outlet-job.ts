/** Where programs in a sandbox come to, and what is behind it. */
export interface Door {
  /** Of the sandbox's own loopback. */
  readonly address: string;
  readonly port: number;
  /** `host:port` that the door is a tunnel to; undefined for the proxy itself. */
  readonly place?: string;
}

/** What the program that opens a sandbox's outlet is told. */
export interface OutletJob {
  /** Of the proxy. */
  readonly socketPath: string;
  readonly doors: readonly Door[];
  readonly command: string;
  readonly args: readonly string[];
  /** How to end where the sandbox has no loopback. */
  readonly noLoopbackExitCode: number;
}
