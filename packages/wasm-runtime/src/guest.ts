import { AppError, type HostErrorCode } from '@torii/contracts';
import type { Clock } from '@torii/service-kit';
import type { Egress } from './egress/egress.js';
import type { ExposedState, FunctionSpec, RuntimeDeps } from './function-spec.js';
import { GuestMemory } from './guest-memory.js';
import type { GuestRun, HostCallInProgress } from './guest-run.js';
import { GuestLog } from './host-functions/guest-log.js';
import { GuestStores } from './host-functions/guest-stores.js';
import { RequestAttributes } from './host-functions/request-attributes.js';
import type { Kernel } from './kernel/kernel.js';
import { takeKernel } from './kernel/kernel-stock.js';

const MiB = 1024 * 1024;

/** Why a host function could not do what it was asked. */
export interface HostFailure {
  readonly code: HostErrorCode;
  /** Safe for the guest to see. */
  readonly detail: string;
}

/** What host functions see of the instance that calls them. */
export class Guest {
  readonly spec: FunctionSpec;
  readonly clock: Clock;
  readonly egress: Egress;
  readonly stores: GuestStores;
  readonly state: ExposedState;
  readonly kernel: Kernel;
  readonly log: GuestLog;
  /** Extism's vars: they live as long as the instance, or until it is put back to how it began. */
  readonly vars = new Map<string, Uint8Array>();
  varsBytes = 0;
  /** Set once the instance exists. */
  memory = new GuestMemory(undefined);
  /** Answer of the last `http_request` of this call. */
  lastHttp: { status: number; headers: Readonly<Record<string, string>> } = noHttpYet;
  /** Bytes of randomness given to this call. */
  randomBytes = 0;
  /** Whether this call has asked for the time. */
  hasReadClock = false;
  /** What `proxy_last_error` tells: of the host function in progress, or else of the last one. */
  lastError: HostFailure | undefined;

  /** The same object for every call: there is only one at a time, and there are many. */
  private readonly call = { name: '', startedAtMs: 0, bytesIn: 0, bytesOut: 0 };
  private requestAttributes: RequestAttributes | undefined;
  private current: GuestRun | undefined;

  constructor(spec: FunctionSpec, deps: RuntimeDeps) {
    this.spec = spec;
    this.clock = deps.clock;
    this.egress = deps.egress;
    this.stores = new GuestStores(spec, deps.stores);
    this.state = deps.state;
    this.kernel = takeKernel(kernelMaxBytes(spec));
    this.log = new GuestLog({ pluginId: spec.pluginId, plugin: spec.pluginName });
  }

  /** Starts a call's own state; what the last call left is dropped. */
  begin(run: GuestRun, attributes?: RequestAttributes): void {
    this.current = run;
    this.lastHttp = noHttpYet;
    this.randomBytes = 0;
    this.hasReadClock = false;
    this.lastError = undefined;
    this.requestAttributes = attributes;
    this.log.begin(run);
  }

  /** For a guest that is put back to how it began. */
  forgetVars(): void {
    this.vars.clear();
    this.varsBytes = 0;
  }

  /** Starts a host function's own state. */
  beginHostCall(name: string, keepsError: boolean): void {
    this.call.name = name;
    this.call.startedAtMs = this.clock.nowMs();
    this.call.bytesIn = 0;
    this.call.bytesOut = 0;
    if (!keepsError) this.lastError = undefined;
  }

  /** The host function in progress, or the last one. */
  get hostCall(): HostCallInProgress {
    return this.call;
  }

  /** The request's attributes. */
  get attributes(): RequestAttributes {
    this.requestAttributes ??= new RequestAttributes();
    return this.requestAttributes;
  }

  /**
   * Bytes a guest points to; a view that lasts until anything is given. Undefined, and noted as `bad_argument`, when any
   * of them lies outside of the blocks. No bytes are nowhere, wherever the pointer goes.
   */
  take(pointer: number, length: number): Uint8Array | undefined {
    const bytes = this.kernel.read(pointer, length);
    if (bytes.length !== length) {
      this.refuse('bad_argument', 'the pointer and the size lie outside of the blocks');
      return undefined;
    }
    this.call.bytesIn += length;
    return bytes;
  }

  /** The bytes of a block, empty when there is no such block; same lifetime as those of `take`. */
  takeBlock(pointer: number): Uint8Array {
    const bytes = this.kernel.block(pointer);
    this.call.bytesIn += bytes.length;
    return bytes;
  }

  /** Puts bytes into a new block and answers its pointer, 0 for none. Ends the run when there is no room for them. */
  give(content: string | Uint8Array): number {
    if (content.length === 0) return 0;
    const pointer = this.kernel.store(content);
    if (pointer === 0)
      throw this.run.end(new AppError('plugin.limit_exceeded', { detail: 'the answers of host functions take more than there is room for' }));
    this.call.bytesOut += typeof content === 'string' ? Buffer.byteLength(content) : content.length;
    return pointer;
  }

  /**
   * Notes why the host function in progress cannot do what it is asked: for the guest to ask for, and in the log.
   * `reason` is for the log alone.
   */
  refuse(code: HostErrorCode, detail: string, reason?: string): void {
    this.lastError = { code, detail };
    this.log.warn({ hostFunction: this.call.name, code, detail, reason }, 'host function refused');
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
