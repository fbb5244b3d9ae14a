import { eventually } from '@torii/test-kit';
import type { RawConnection } from '../raw-http.js';
import { type ReferenceResponse, readResponses } from './reference-response.js';

const closeTimeoutMs = 60_000;

/** What has come on a connection so far, read strictly; the methods are those of the requests that were sent. */
export function answersOf(connection: RawConnection, methods: readonly string[] = []): ReferenceResponse[] {
  return readResponses(connection.received, methods, connection.isEnded);
}

/** Waits for so many whole answers, not counting interim ones. */
export async function answered(connection: RawConnection, count: number, methods: readonly string[] = []): Promise<ReferenceResponse[]> {
  return await eventually(() => {
    const answers = answersOf(connection, methods).filter(({ status, isComplete }) => status >= 200 && isComplete);
    if (answers.length < count) throw new Error(`${answers.length} answers, not ${count}: ${JSON.stringify(connection.received.slice(0, 500))}`);
    return answers;
  });
}

/** Waits until the other side has ended the connection or broken it off. */
export async function untilClosed(connection: RawConnection): Promise<'ended' | 'broken off'> {
  const { socket } = connection;
  if (!connection.isEnded && !socket.destroyed) {
    await new Promise<void>((resolve, reject) => {
      const late = (): void => reject(new Error(`the connection is still open; so far came ${JSON.stringify(connection.received.slice(0, 500))}`));
      const timer = setTimeout(late, closeTimeoutMs);
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      socket.once('end', done).once('close', done);
    });
  }
  return connection.isEnded ? 'ended' : 'broken off';
}
