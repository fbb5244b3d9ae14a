/** Error numbers of WASI preview 1 that the calls in wasi.ts answer. */
export const errno = {
  success: 0,
  acces: 2,
  badf: 8,
  exist: 20,
  inval: 28,
  io: 29,
  isdir: 31,
  noent: 44,
  nospc: 51,
  nosys: 52,
  notdir: 54,
  notempty: 55,
  perm: 63,
  spipe: 70,
  notcapable: 76,
} as const;

export type Errno = (typeof errno)[keyof typeof errno];

/** Thrown inside a WASI call to answer this error number; never leaves `createWasi`. */
export class WasiError extends Error {
  constructor(readonly errno: Errno) {
    super(`wasi errno ${errno}`);
    this.name = 'WasiError';
  }
}

const byNodeCode: Readonly<Record<string, Errno>> = {
  EACCES: errno.acces,
  EBADF: errno.badf,
  EEXIST: errno.exist,
  EINVAL: errno.inval,
  EISDIR: errno.isdir,
  ENOENT: errno.noent,
  ENOSPC: errno.nospc,
  ENOTDIR: errno.notdir,
  ENOTEMPTY: errno.notempty,
  EPERM: errno.perm,
};

/** What a guest is told about an error of node:fs; anything unexpected is an I/O error. */
export function errnoOf(error: unknown): Errno {
  if (error instanceof WasiError) return error.errno;
  return byNodeCode[(error as NodeJS.ErrnoException).code ?? ''] ?? errno.io;
}
