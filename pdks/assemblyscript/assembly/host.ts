import { input_length, input_offset, log_debug, log_error, log_info, log_trace, log_warn, error_set, output_set } from "./lib/env";
import { proxy_last_error } from "./imports";
import { Memory } from "./memory";

export enum LogLevel {
  Info,
  Warn,
  Debug,
  Error,
  Trace,
}

/** What a call is given, and what it answers. */
export namespace Host {
  export function input(): Uint8Array {
    return new Memory(input_offset(), input_length()).toUint8Array();
  }

  /** The input, read as UTF-8. */
  export function inputString(): string {
    return new Memory(input_offset(), input_length()).toString();
  }

  /** Of several outputs the last one counts. */
  export function output(bytes: Uint8Array): void {
    outputMemory(Memory.allocateBytes(bytes));
  }

  /** The output, written as UTF-8. */
  export function outputString(text: string): void {
    outputMemory(Memory.allocateString(text));
  }

  export function outputMemory(block: Memory): void {
    output_set(block.offset, block.length);
  }

  /** Makes the call fail with this message once the function returns, and leaves the instance usable; `throw` does not. */
  export function setError(message: string): void {
    error_set(Memory.allocateString(message).offset);
  }

  export function log(level: LogLevel, message: string): void {
    logMemory(level, Memory.allocateString(message));
  }

  export function logMemory(level: LogLevel, block: Memory): void {
    switch (level) {
      case LogLevel.Trace: return log_trace(block.offset);
      case LogLevel.Debug: return log_debug(block.offset);
      case LogLevel.Info: return log_info(block.offset);
      case LogLevel.Warn: return log_warn(block.offset);
      default: log_error(block.offset);
    }
  }

  /** Why the host function before this one could not do what it was asked, as `{"code", "detail"}`; null when it could. */
  export function lastError(): string | null {
    const block = Memory.find(proxy_last_error(0));
    return block === null ? null : block.toString();
  }
}
