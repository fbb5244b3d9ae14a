import { AppError, type ErrorCode, type ServedKind, testerLimits } from '@torii/contracts';
import type { Clock } from '@torii/service-kit';
import type { CallCosts, CallObserver, ObservedHostCall, ObservedLease, ObservedLine } from '@torii/wasm-runtime';
import type { OutgoingRequest } from './gateway-request.js';
import type { ParsedOutput } from './parse-output.js';

export interface CalledPlugin {
  readonly kind: ServedKind;
  readonly pluginName: string;
  readonly pluginVersion: number;
}

/** A text as it is kept: its beginning, and how many bytes all of it had. */
export interface KeptText {
  readonly text: string;
  readonly bytes: number;
}

const decoder = new TextDecoder();
const { hostCallsMax, logLinesMax, textMaxChars } = testerLimits;

/**
 * One call of a plugin, step by step, from the making of its input to the reading of its output. Times are readings of the
 * clock of the request; those of host calls and lines count from `guestStartMs`.
 */
export class RecordedCall implements CallObserver {
  readonly type = 'call';
  readonly logLinesMax = logLinesMax;
  readonly startMs: number;
  stopMs: number;
  /** What making the input took. */
  encodeMs = 0;
  input: KeptText | undefined;
  /** Undefined when it came to no instance. */
  lease: ObservedLease | undefined;
  guestStartMs: number | undefined;
  readonly hostCalls: ObservedHostCall[] = [];
  /** Further calls of host functions. */
  hostCallsLeftOut = 0;
  readonly lines: ObservedLine[] = [];
  costs: CallCosts | undefined;
  /** What reading the output, and carrying out what it says, took. */
  decodeMs = 0;
  output: KeptText | undefined;
  isLenientOutput = false;
  /** What the output means to its step: an answer, or none, or whether the route is meant. */
  verdict: unknown;
  failure: { readonly code: ErrorCode; readonly detail: string } | undefined;
  /** As it was before the call, and after; undefined when the plugin could not be called. */
  readonly requestBefore: OutgoingRequest | undefined;
  requestAfter: OutgoingRequest | undefined;

  constructor(
    readonly plugin: CalledPlugin,
    request: OutgoingRequest | undefined,
    private readonly clock: Clock,
  ) {
    this.startMs = clock.nowMs();
    this.stopMs = this.startMs;
    this.requestBefore = request;
    this.requestAfter = request;
  }

  encoded(input: string): void {
    this.encodeMs = this.clock.nowMs() - this.startMs;
    this.input = { text: beginningOf(input), bytes: Buffer.byteLength(input) };
  }

  onLease(lease: ObservedLease): void {
    this.lease = lease;
    this.guestStartMs = this.clock.nowMs();
  }

  onHostCall(call: ObservedHostCall): void {
    if (this.hostCalls.length < hostCallsMax) this.hostCalls.push(call);
    else this.hostCallsLeftOut += 1;
  }

  onLog(line: ObservedLine): void {
    // One more than the maximum says that the rest is cut.
    if (this.lines.length <= logLinesMax) this.lines.push({ ...line, message: beginningOf(line.message) });
  }

  onEnd(costs: CallCosts): void {
    this.costs = costs;
  }

  /** Reads the output with `read`, and keeps what it was and what was made of it. */
  decode<Output>(bytes: Uint8Array, read: (bytes: Uint8Array) => ParsedOutput<Output>): ParsedOutput<Output> {
    // UTF-8 has up to four bytes for a character; one that is cut is shown as such.
    this.output = { text: beginningOf(decoder.decode(bytes.subarray(0, 4 * textMaxChars))), bytes: bytes.length };
    const startMs = this.clock.nowMs();
    try {
      const parsed = read(bytes);
      this.verdict = parsed.output;
      this.isLenientOutput = parsed.isLenient;
      return parsed;
    } finally {
      this.decodeMs = this.clock.nowMs() - startMs;
    }
  }

  failed(error: unknown): void {
    const { code, message } = AppError.from(error);
    this.failure = { code, detail: message };
  }

  end(request: OutgoingRequest): void {
    this.requestAfter = request;
    this.stopMs = this.clock.nowMs();
  }
}

/** A copy, since what is a part of another text keeps all of that in memory. */
function beginningOf(text: string): string {
  return Buffer.from(text.slice(0, textMaxChars), 'utf16le').toString('utf16le');
}
