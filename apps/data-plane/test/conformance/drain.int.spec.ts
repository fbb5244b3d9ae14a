import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@torii/test-kit';
import type { RawConnection } from '../raw-http.js';
import { Standstill } from '../standstill.js';
import { answersOf } from './answers.js';
import { valuesOf } from './fields.js';
import { Gateway } from './gateway.js';

const clients = 20;

/** Sends requests without a pause, each when the last is answered, until it is told that the connection ends or it does end. */
class BusyClient {
  answered = 0;
  readonly failures: string[] = [];
  /** Requests on a connection kept from before that were not answered at all. */
  readonly unanswered: string[] = [];
  readonly done: Promise<void>;

  constructor(
    private readonly gateway: Gateway,
    readonly number: number,
  ) {
    this.done = this.run();
  }

  private async run(): Promise<void> {
    for (;;) {
      const connection = this.gateway.connect();
      await new Promise<void>((resolve) => connection.socket.once('connect', resolve).once('close', resolve));
      // No connection is taken any more: nothing was sent that could be lost.
      if (connection.socket.connecting || connection.socket.destroyed) return;
      const isOver = await this.use(connection);
      connection.socket.destroy();
      if (isOver) return;
    }
  }

  /** Resolves with whether the gateway takes no more. */
  private async use(connection: RawConnection): Promise<boolean> {
    for (let count = 1; ; count += 1) {
      const body = `${this.number}-${count}`;
      const answeredBefore = this.answered;
      connection.send(`POST /busy HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      await something(connection, () => wholeAnswers(connection) >= count);
      const answer = answersOf(connection)[count - 1];
      if (answer?.isComplete !== true) {
        // The system had connected it when the listener was closed, and nobody took it.
        if (count === 1 && connection.received === '') return true;
        const what = `${answer === undefined ? 'no answer' : 'half an answer'}, ${connection.isEnded ? 'ended' : 'reset'}`;
        const list = count > 1 && answer === undefined ? this.unanswered : this.failures;
        list.push(`request ${count} of client ${this.number}: ${what}`);
        return true;
      }
      if (answer.status !== 200 || answer.body !== body) this.failures.push(`${answer.status} ${answer.body}`);
      this.answered = answeredBefore + 1;
      if (valuesOf(answer.fields, 'connection').includes('close')) return false;
    }
  }
}

describe('a node that is told to stop under load', () => {
  const gateway = new Gateway();

  beforeAll(() => gateway.start({ env: { TORII_DATA_THREADS: '2', TORII_SHUTDOWN_TIMEOUT_MS: '50000' } }));
  afterAll(() => gateway.stop());

  it('answers every request that it has taken, and tells each client which answer is the last', async () => {
    gateway.upstream.answer('/busy', ({ body }, connection) => {
      const timer = setTimeout(() => connection.send(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`), 5);
      timer.unref();
    });
    const busy = Array.from({ length: clients }, (_, number) => new BusyClient(gateway, number));
    await eventually(() => busy.every(({ answered }) => answered >= 20));
    const standstill = new Standstill();
    const exitCode = gateway.node.node.stop();
    await Promise.all(busy.map(({ done }) => done));
    expect(busy.flatMap(({ failures }) => failures)).toEqual([]);
    if (!standstill.end()) expect(busy.flatMap(({ unanswered }) => unanswered)).toEqual([]);
    expect(await exitCode).toBe(0);
    const answers = busy.reduce((sum, { answered }) => sum + answered, 0);
    expect(gateway.upstream.requests.length).toBe(answers);
  });
});

function wholeAnswers(connection: RawConnection): number {
  return answersOf(connection).filter(({ isComplete }) => isComplete).length;
}

/** Waits until that is so or the connection has closed. */
function something(connection: RawConnection, isSo: () => boolean): Promise<void> {
  const { socket } = connection;
  return new Promise((resolve) => {
    const look = (): void => {
      if (!isSo() && !connection.isEnded && !socket.destroyed) return;
      socket.off('data', look).off('end', look).off('close', look);
      resolve();
    };
    socket.on('data', look).on('end', look).on('close', look);
    look();
  });
}
