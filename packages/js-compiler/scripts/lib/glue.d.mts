/** The WebAssembly text between QuickJS and Extism. */
export function glueText(): string;
