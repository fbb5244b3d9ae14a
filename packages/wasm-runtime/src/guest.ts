import type { KvStore } from '@torii/kv';
import type { Clock } from '@torii/service-kit';
import type { Egress } from './egress/egress.js';
import type { FunctionSpec, RuntimeDeps } from './function-spec.js';
import { GuestMemory } from './guest-memory.js';
import type { GuestRun } from './guest-run.js';
import { GuestLog } from './host-functions/guest-log.js';
import { Kernel } from './kernel/kernel.js';

const MiB = 1024 * 1024;

/** What host functions see of the instance that calls them. */
export class Guest {
  readonly spec: FunctionSpec;
  readonly clock: Clock;
  readonly egress: Egress;
  readonly map: KvStore;
  readonly kernel: Kernel;
  readonly log: GuestLog;
  /** Extism's vars: they live as long as the instance. */
  readonly vars = new Map<string, Uint8Array>();
  varsBytes = 0;
  /** Set once the instance exists. */
  memory = new GuestMemory(undefined);
  /** Answer of the last `http_request` of this call. */
  lastHttp: { status: number; headers: Readonly<Record<string, string>> } = noHttpYet;
  /** Bytes of randomness given to this call. */
  randomBytes = 0;

  private current: GuestRun | undefined;

  constructor(spec: FunctionSpec, deps: RuntimeDeps) {
    this.spec = spec;
    this.clock = deps.clock;
    this.egress = deps.egress;
    this.map = deps.mapFor(spec.pluginId);
    this.kernel = new Kernel(kernelMaxBytes(spec));
    this.log = new GuestLog({ pluginId: spec.pluginId, plugin: spec.pluginName });
  }

  /** Starts a call's own state; what the last call left is dropped. */
  begin(run: GuestRun): void {
    this.current = run;
    this.lastHttp = noHttpYet;
    this.randomBytes = 0;
    this.log.begin(run.log);
  }

  /** The call in progress. */
  get run(): GuestRun {
    if (this.current === undefined) throw new Error('a guest ran outside of a call');
    return this.current;
  }
}

const noHttpYet = { status: 0, headers: {} };

/**
 * Room for one call's blocks: an input that holds the body as a list of numbers and as base64, an output likewise, two
 * HTTP answers, and some working space.
 */
function kernelMaxBytes(spec: FunctionSpec): number {
  return 8 * spec.limits.requestMaxBytes + 2 * spec.limits.responseMaxBytes + 48 * MiB;
}
