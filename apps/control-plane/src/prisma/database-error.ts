import { AppError } from '@torii/contracts';
import { Prisma } from './generated/client.js';

// Cannot reach, timed out, closed, authentication failed, no such database, too many connections; and a transaction
// that got no connection or was not done in time (P2028), or that met another one (P2034).
const unreachableCodes = new Set(['P1000', 'P1001', 'P1002', 'P1003', 'P1008', 'P1010', 'P1017', 'P2024', 'P2028', 'P2034', 'P2037']);
const socketCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTFOUND', 'ETIMEDOUT', 'EHOSTUNREACH', '57P01', '57P02', '57P03', '53300']);

/** `platform.database` when an error says that the database is away or too busy; undefined for any other error. */
export function databaseError(thrown: unknown): AppError | undefined {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 5; error = error.cause, depth += 1) {
    if (error instanceof Prisma.PrismaClientInitializationError || isUnreachable(error)) {
      return new AppError('platform.database', { cause: thrown });
    }
  }
  return undefined;
}

function isUnreachable(error: Error): boolean {
  const code = 'code' in error ? String(error.code) : '';
  if (unreachableCodes.has(code) || socketCodes.has(code)) return true;
  // The adapter's own errors carry a kind instead of a code.
  return /DatabaseNotReachable|ConnectionClosed|SocketTimeout|Connection terminated|timeout exceeded when trying to connect/.test(error.message);
}
