import type { Socket } from 'node:net';

/** How many busy connections the threads of a node have; this thread writes its own and reads all. */
export interface LoadTable {
  publish(connections: number): void;
  /** Of the threads that serve. */
  loads(): Iterable<number>;
}

/** A thread has its fair share up to this part of the mean, and one connection more. */
const fairPart = 1.25;
/**
 * So many windows in a row must be over it. The threads' windows end at different times, and one that has just begun, or
 * connections that have just moved and are counted twice, make one window look uneven.
 */
const patienceWindows = 2;

const lastWindow = Symbol('window of the last request');
type Counted = Socket & { [lastWindow]?: number };

/**
 * Keeps the threads of a node evenly loaded. The system deals new connections out by a hash and never moves one, so a few
 * busy clients that keep their connections may all be one thread's, for as long as they stay.
 *
 * In each window of time a thread counts the connections that carry requests. One that has clearly more than its share
 * closes some after their next answer; those clients connect again, and the hash is thrown anew. It lets go of no more
 * than its surplus over the mean, then looks again, so the others are not flooded, and nothing moves among threads that
 * are nearly even.
 */
export class ConnectionShare {
  private window = 0;
  private busy = 0;
  private toHandOn = 0;
  private windowsOver = 0;

  constructor(private readonly table: LoadTable) {}

  /** Counts a request; whether its connection is to be closed after the answer. `canMove` says that closing moves it. */
  handsOn(socket: Socket, canMove: boolean): boolean {
    const connection: Counted = socket;
    if (connection[lastWindow] !== this.window) {
      connection[lastWindow] = this.window;
      this.busy += 1;
    }
    if (this.toHandOn === 0 || !canMove) return false;
    this.toHandOn -= 1;
    return true;
  }

  /** Ends a window and begins the next. */
  turn(): void {
    this.table.publish(this.busy);
    let sum = 0;
    let threads = 0;
    for (const load of this.table.loads()) {
      sum += load;
      threads += 1;
    }
    const mean = threads === 0 ? 0 : sum / threads;
    this.windowsOver = threads > 1 && this.busy > mean * fairPart + 1 ? this.windowsOver + 1 : 0;
    this.toHandOn = 0;
    if (this.windowsOver >= patienceWindows) {
      this.toHandOn = Math.ceil(this.busy - mean);
      this.windowsOver = 0;
    }
    this.window += 1;
    this.busy = 0;
  }
}
