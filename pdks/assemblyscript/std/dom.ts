import { log_debug, log_error, log_info, log_warn } from "@torii/pdk/lib/env";
import { Memory } from "@torii/pdk/memory";
import { nanoseconds, random_get } from "../torii-wasi";

/** Stands where the standard library would ask a browser. */

export namespace Math {}

export namespace console {
  export function assert(condition: bool, message: string): void {
    if (!condition) error("Assertion failed: " + message);
  }
  export function log(message: string): void {
    log_info(Memory.allocateString(message).offset);
  }
  export function debug(message: string): void {
    log_debug(Memory.allocateString(message).offset);
  }
  export function info(message: string): void {
    log_info(Memory.allocateString(message).offset);
  }
  export function warn(message: string): void {
    log_warn(Memory.allocateString(message).offset);
  }
  export function error(message: string): void {
    log_error(Memory.allocateString(message).offset);
  }
  export function time(label: string): void {
    timers.set(label, nanoseconds(1));
  }
  export function timeLog(label: string): void {
    if (!timers.has(label)) return warn('Timer "' + label + '" does not exist');
    const elapsedMs = <f64>(nanoseconds(1) - timers.get(label)) / 1e6;
    log(label + ": " + elapsedMs.toString() + " ms");
  }
  export function timeEnd(label: string): void {
    timeLog(label);
    timers.delete(label);
  }
}

// @ts-ignore: decorator
@lazy const timers = new Map<string, u64>();

export namespace Date {
  /** Whole milliseconds since 1970. */
  export function now(): f64 {
    return <f64>(nanoseconds(0) / 1000000);
  }
}

export namespace performance {
  export function now(): f64 {
    return <f64>nanoseconds(1) / 1e6;
  }
}

export namespace crypto {
  export function getRandomValues(array: Uint8Array): void {
    random_get(array.dataStart, array.length);
  }
}
