import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';
import { BatchedLines } from './batched-lines.js';

export type Logger = PinoLogger;

export interface LoggerOptions {
  readonly level: string;
  /** Name of the process, on every line. */
  readonly app: string;
  readonly fields?: Record<string, unknown>;
  /** Lines below `error` are written once per turn of the event loop: for threads that write one per request. */
  readonly isBatched?: boolean;
}

const secretPaths = [
  'authorization',
  'headers.authorization',
  'headers.cookie',
  'key',
  'token',
  'password',
  // ioredis puts the command into the error: passwords, values of guests, whole configurations.
  'err.command.args',
  'err.previousErrors[*].command.args',
];

/**
 * Structured logs on standard output, one JSON object a line. Messages are constant phrases, facts are fields.
 *
 * Synchronous unless batched, so that the last lines before an exit are not lost.
 */
export function createLogger(options: LoggerOptions, destination?: DestinationStream): Logger {
  const lines = destination ?? pino.destination({ fd: 1, sync: true });
  return pino(
    {
      level: options.level,
      base: { app: options.app, ...options.fields },
      timestamp: timeField,
      redact: { paths: secretPaths, censor: '[redacted]' },
    },
    options.isBatched === true ? new BatchedLines(lines) : lines,
  );
}

let timeOfFieldMs = 0;
let field = '';

/** `,"time":"2026-01-31T12:00:00.000Z"`, made once per millisecond. */
function timeField(): string {
  const nowMs = Date.now();
  if (nowMs !== timeOfFieldMs) {
    timeOfFieldMs = nowMs;
    field = `,"time":"${new Date(nowMs).toISOString()}"`;
  }
  return field;
}
