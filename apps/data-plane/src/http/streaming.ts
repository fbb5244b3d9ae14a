import type { Socket } from 'node:net';

const streams = Symbol('bodies of any length that go over the connection now');
type Marked = Socket & { [streams]?: boolean };

/** Says whether what goes over a client's connection has a deadline of its own: the server's must not cut it off. */
export function markStreaming(socket: Socket, isStreaming: boolean): void {
  const marked: Marked = socket;
  marked[streams] = isStreaming;
}

export function isStreaming(socket: Socket): boolean {
  const marked: Marked = socket;
  return marked[streams] === true;
}
