import { closeOnSignal, createLogger, EnvError } from '@torii/service-kit';
import { startDataPlane } from './data-plane.js';
import { type Env, parseNodeEnv } from './env.js';

/** What closing may take beyond the time requests under way get. */
const shutdownGraceMs = 5_000;

const env = readEnv();
const log = createLogger({ level: env.TORII_LOG_LEVEL, app: 'data-plane' });
try {
  const dataPlane = await startDataPlane(env, log);
  closeOnSignal(async () => {
    log.info('data plane stopping');
    await dataPlane.stop();
  }, env.TORII_SHUTDOWN_TIMEOUT_MS + shutdownGraceMs);
  log.info({ proxyPort: dataPlane.proxyPort, internalPort: dataPlane.internalPort }, 'data plane ready');
} catch (error) {
  process.stderr.write(`${startFailure(error)}\n`);
  process.exit(1);
}

function readEnv(): Env {
  try {
    return parseNodeEnv(process.env);
  } catch (error) {
    if (!(error instanceof EnvError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

function startFailure(error: unknown): string {
  const code =
    error instanceof Error ? (('systemCode' in error ? error.systemCode : undefined) ?? ('code' in error ? error.code : undefined)) : undefined;
  if (code === 'EADDRINUSE')
    return `port ${env.TORII_PROXY_PORT} or ${env.TORII_INTERNAL_PORT} is in use: set TORII_PROXY_PORT or TORII_INTERNAL_PORT to another`;
  if (code === 'EACCES') return `port ${env.TORII_PROXY_PORT} may not be used by this user: set TORII_PROXY_PORT to another`;
  return `the data plane cannot start: ${error instanceof Error ? error.message : String(error)}`;
}
