import { closeOnSignal, createLogger, EnvError } from '@torii/service-kit';
import { startBuilder } from './builder.js';
import { type Env, parseBuilderEnv } from './env.js';

/** What closing may take beyond the time builds under way get. */
const shutdownGraceMs = 10_000;

const env = readEnv();
const log = createLogger({ level: env.TORII_LOG_LEVEL, app: 'builder' });
try {
  const builder = await startBuilder(env, log);
  closeOnSignal(async () => {
    log.info('builder stopping');
    await builder.stop();
  }, env.TORII_BUILD_DRAIN_MS + shutdownGraceMs);
  log.info({ port: builder.port, slots: builder.slots }, 'builder ready');
} catch (error) {
  process.stderr.write(`${startFailure(error)}\n`);
  process.exit(1);
}

function readEnv(): Env {
  try {
    return parseBuilderEnv(process.env);
  } catch (error) {
    if (!(error instanceof EnvError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

function startFailure(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return `port ${env.TORII_BUILDER_PORT} is in use: set TORII_BUILDER_PORT to another`;
  if (code === 'EACCES') return `port ${env.TORII_BUILDER_PORT} may not be used by this user: set TORII_BUILDER_PORT to another`;
  return `the builder cannot start: ${error instanceof Error ? error.message : String(error)}`;
}
