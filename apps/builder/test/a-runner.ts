import { sha256 } from '@torii/config-sync';
import { AppError, FunctionSettings } from '@torii/contracts';
import { createLogger, Deadline, systemClock } from '@torii/service-kit';
import { createRunner, type Runner, type RunnerOptions } from '../src/run/runner.js';
import type { SmokeOptions } from '../src/run/smoke-call.js';

/** A runner over modules that tests put there, and what to call it with. */
export interface TestRunner {
  readonly runner: Runner;
  /** Puts a module there, and runs it. */
  run(wasm: Uint8Array, run?: TestRun): ReturnType<Runner['run']>;
  smoke(wasm: Uint8Array, options?: TestSmoke): ReturnType<Runner['smoke']>;
  /** How often an artifact was asked for. */
  fetches(): number;
}

export interface TestSmoke extends Partial<Omit<SmokeOptions, 'settings'>> {
  readonly settings?: Partial<FunctionSettings>;
}

export interface TestRun {
  readonly functionName?: string;
  readonly input?: string | Uint8Array;
  readonly settings?: Partial<FunctionSettings>;
  readonly signal?: AbortSignal;
}

/** All limits of functions with some of them changed; times are generous, so that only what a test is about can fail. */
export function limitsWith(limits: Partial<FunctionSettings['limits']> = {}): FunctionSettings['limits'] {
  return { ...FunctionSettings.parse({}).limits, cpuMs: 30_000, wallMs: 60_000, ...limits };
}

function someSettings(settings: Partial<FunctionSettings> = {}): FunctionSettings {
  return { ...FunctionSettings.parse({}), limits: limitsWith(), ...settings };
}

export function aRunner(options: Partial<RunnerOptions> = {}): TestRunner {
  const modules = new Map<string, Uint8Array>();
  let fetches = 0;
  const runner = createRunner({
    log: createLogger({ level: 'silent', app: 'test' }),
    artifacts: {
      async get(digest) {
        fetches += 1;
        const wasm = modules.get(digest);
        if (wasm === undefined) throw new AppError('config.unknown_artifact');
        return wasm;
      },
    },
    egress: { overrides: new Map(), privateCidrs: [], connectTimeoutMs: 30_000 },
    ...options,
    // A machine that runs all tests at once may keep the thread waiting, most of all while it starts.
    limits: { silenceMs: 60_000, prepareTimeoutMs: 60_000, startTimeoutMs: 30_000, ...options.limits },
  });
  return {
    runner,
    fetches: () => fetches,
    run(wasm, { functionName = 'run', input = '', settings = {}, signal = new AbortController().signal } = {}) {
      const digest = sha256(wasm);
      modules.set(digest, wasm);
      const inputBase64 = Buffer.from(input).toString('base64');
      return runner.run({ sha256: digest, functionName, inputBase64, settings: someSettings(settings) }, signal);
    },
    smoke: (wasm, smoke = {}) =>
      runner.smoke(wasm, { deadline: Deadline.after(60_000, systemClock), ...smoke, settings: someSettings(smoke.settings ?? {}) }),
  };
}
