import { proc_exit } from "../torii-wasi";

/** Stands where the standard library would ask Node.js. */
export namespace process {
  export const argv: string[] = [];

  /** Ends the call: well with 0, as a failure with anything else. */
  export function exit(code: i32): void {
    proc_exit(code);
  }
}
