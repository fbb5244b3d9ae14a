import { closeOnSignal, createLogger, EnvError } from '@torii/service-kit';
import { createApp } from './app.js';
import { describeBootError } from './boot-error.js';
import { type Env, readEnv } from './env.js';

const closeTimeoutMs = 10_000;

function fail(lines: string): never {
  process.stderr.write(`${lines}\n`);
  process.exit(1);
}

function envOrExit(): Env {
  try {
    return readEnv(process.env);
  } catch (error) {
    if (error instanceof EnvError) return fail(error.message);
    throw error;
  }
}

const env = envOrExit();
const log = createLogger({ level: env.logLevel, app: 'control-plane' });
try {
  const controlPlane = await createApp({ env, log });
  closeOnSignal(() => controlPlane.close(), closeTimeoutMs);
  log.info({ port: controlPlane.port, host: controlPlane.host }, 'control plane ready');
} catch (error) {
  fail(describeBootError(error, env));
}
