import { expect } from '@jest/globals';
import fc from 'fast-check';
import type { RawConnection } from '../raw-http.js';
import { answersOf, untilClosed } from './answers.js';
import { aPlace, essenceOf, plainStreams, requestStreams } from './fuzz.js';
import type { Gateway } from './gateway.js';
import { readRequests } from './reference-request.js';

/**
 * Sends so many streams, each over a connection of its own and in pieces, and compares what reaches the upstream with what the
 * reference parser reads: nothing may reach it that is not read there, in another form or more often. The gateway may refuse more.
 * A failure shows the seed and the smallest stream found.
 */
export async function compareWithReference(gateway: Gateway, numRuns: number): Promise<void> {
  let reached = 0;
  let readable = 0;
  await fc.assert(
    fc.asyncProperty(requestStreams(), aPlace(), async (stream, cutAt) => {
      const { requests } = readRequests(stream);
      const { essences } = await sent(gateway, stream, cutAt);
      const allowed = requests.map(essenceOf);
      reached += essences.length;
      readable += allowed.length;
      for (const essence of essences) {
        const at = allowed.indexOf(essence);
        expect({ reached: essence, allowed: at === -1 ? allowed : [] }).toEqual({ reached: essence, allowed: [] });
        allowed.splice(at, 1);
      }
      expect(gateway.upstream.faults).toEqual([]);
    }),
    { numRuns },
  );
  // A gateway that refuses everything, or has died, would pass too.
  expect(reached).toBeGreaterThan(readable / 2);
}

/** Sends so many streams in which nothing is wrong: each of their requests reaches the upstream and is answered. */
export async function compareAccepted(gateway: Gateway, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(plainStreams(), aPlace(), async (stream, cutAt) => {
      const { requests, isClean } = readRequests(stream);
      expect(isClean).toBe(true);
      const { essences, connection } = await sent(gateway, stream, cutAt);
      expect(essences.sort()).toEqual(requests.map(essenceOf).sort());
      const statuses = answersOf(connection).map(({ status }) => status);
      expect(statuses.filter((status) => status >= 200)).toEqual(requests.map(() => 200));
    }),
    { numRuns },
  );
}

interface Sent {
  readonly essences: string[];
  readonly connection: RawConnection;
}

async function sent(gateway: Gateway, stream: string, cutAt: number): Promise<Sent> {
  const before = gateway.upstream.requests.length;
  const connection = gateway.connect();
  const middle = Math.floor(cutAt * stream.length);
  connection.send(stream.slice(0, middle));
  // The second piece comes on its own.
  await new Promise((resolve) => setImmediate(resolve));
  connection.send(stream.slice(middle));
  connection.socket.end();
  await untilClosed(connection);
  connection.socket.destroy();
  const reached = await gateway.reachedSince(before);
  return { essences: reached.map(essenceOf), connection };
}
