/** The prelude as one script for QuickJS, whose value is what the compiler calls. */
export function bundlePrelude(): Promise<string>;
