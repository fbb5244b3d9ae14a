import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';

export type Logger = PinoLogger;

export interface LoggerOptions {
  readonly level: string;
  /** Name of the process, on every line. */
  readonly app: string;
  readonly fields?: Record<string, unknown>;
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
 * Synchronous, so that the last lines before an exit are not lost.
 */
export function createLogger(options: LoggerOptions, destination?: DestinationStream): Logger {
  return pino(
    {
      level: options.level,
      base: { app: options.app, ...options.fields },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: secretPaths, censor: '[redacted]' },
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  );
}
