import { proxy_log_event } from "./imports";
import { Host, LogLevel } from "./host";
import { objectOf } from "./json-text";
import { Memory } from "./memory";

/** Lines for the log of the node: the first 1,024 bytes of each, the first 100 of a call. */
export namespace Log {
  export function debug(message: string): void {
    Host.log(LogLevel.Debug, message);
  }

  export function info(message: string): void {
    Host.log(LogLevel.Info, message);
  }

  export function warn(message: string): void {
    Host.log(LogLevel.Warn, message);
  }

  export function error(message: string): void {
    Host.log(LogLevel.Error, message);
  }

  /** A line with the name of the function beside its text. */
  export function event(functionName: string, message: string): void {
    const fields = new Map<string, string>();
    fields.set("function", functionName);
    fields.set("message", message);
    const line = objectOf(fields).slice(0, -1) + ',"level":2}';
    const block = Memory.allocateString(line);
    proxy_log_event(block.offset, block.length);
  }
}
