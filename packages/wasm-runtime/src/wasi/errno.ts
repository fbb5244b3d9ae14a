/** Error numbers of WASI preview 1: https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md#errno */
export const errno = { success: 0, again: 6, badf: 8, fault: 21, inval: 28, nosys: 52, spipe: 70 } as const;
