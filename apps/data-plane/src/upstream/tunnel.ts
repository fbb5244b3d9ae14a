import type { Duplex } from 'node:stream';
import { AppError } from '@torii/contracts';

export interface TunnelEnd {
  readonly socket: Duplex;
  /** What came on it before it was one. */
  readonly head: Buffer;
}

/** How much later than `idleMs` the end of an idle tunnel may be noticed, as a part of it. */
const idleChecks = 4;

/**
 * Carries bytes both ways, each way no faster than the other side takes them, and the end of each way by itself. Resolves when both
 * sides are closed: with undefined when each way came to its end, else with why it broke off. Nothing for `idleMs` closes it.
 */
export function tunnel(client: TunnelEnd, upstream: TunnelEnd, idleMs: number): Promise<AppError | undefined> {
  return new Promise((resolve) => {
    const ends = [
      { ...client, error: new AppError('client.gone') },
      { ...upstream, error: new AppError('upstream.reset') },
    ] as const;
    let failure: AppError | undefined;
    let open = ends.length;
    let moved = movedOf(ends);
    let quietChecks = 0;
    const breakOff = (error: AppError): void => {
      failure ??= error;
      for (const { socket } of ends) socket.destroy();
    };
    const timer = setInterval(() => {
      const now = movedOf(ends);
      quietChecks = now === moved ? quietChecks + 1 : 0;
      moved = now;
      if (quietChecks >= idleChecks) breakOff(new AppError('upstream.deadline_exceeded', { detail: `nothing was sent either way for ${idleMs} ms` }));
    }, idleMs / idleChecks);
    for (const { socket, error } of ends) {
      socket.on('error', () => breakOff(error));
      socket.once('close', () => {
        if (!socket.readableEnded) breakOff(error);
        open -= 1;
        if (open > 0) return;
        clearInterval(timer);
        resolve(failure);
      });
    }
    const [near, far] = ends;
    if (near.head.length > 0) far.socket.write(near.head);
    if (far.head.length > 0) near.socket.write(far.head);
    near.socket.pipe(far.socket);
    far.socket.pipe(near.socket);
    // What has closed before anybody listened does not close again.
    for (const { socket, error } of ends) if (socket.destroyed) breakOff(error);
  });
}

/** Bytes that came, both ways. */
function movedOf(ends: readonly TunnelEnd[]): number {
  return ends.reduce((sum, { socket }) => sum + ('bytesRead' in socket && typeof socket.bytesRead === 'number' ? socket.bytesRead : 0), 0);
}
