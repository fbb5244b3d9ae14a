import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

const streams = Symbol('requests whose bodies, of any length, go over the connection now');
type Marked = Socket & { [streams]?: Set<IncomingMessage> };

/** Says whether what goes over a client's connection for this request has a deadline of its own: the server's must not cut it off. */
export function markStreaming(req: IncomingMessage, isStreaming: boolean): void {
  const socket: Marked = req.socket;
  // Of those that were sent at once, one may end while another goes on.
  if (!isStreaming) {
    socket[streams]?.delete(req);
    return;
  }
  socket[streams] ??= new Set();
  socket[streams].add(req);
}

export function isStreaming(socket: Socket): boolean {
  const marked: Marked = socket;
  return (marked[streams]?.size ?? 0) > 0;
}
