import { z } from 'zod';
import { FunctionSettings, FunctionSettingsPatch, VersionName } from './function.js';
import { Sha256 } from './ids.js';

/** What bounds a run. */
export const runLimits = { inputMaxBytes: 1_048_576, outputMaxBytes: 1_048_576, logLinesMax: 1_000, hostCallsMax: 1_000 } as const;

/** A call of a built version, outside of any route: real host functions, on stores of its own that end with it. */
export const FunctionRunRequest = z.strictObject({
  version: z.union([VersionName, z.literal('latest')]).optional(),
  functionName: z.string().min(1).max(256).optional(),
  /** JSON; a string is given to the function as that text. */
  input: z.json().optional(),
  /** Instead of `input`, for what is neither. */
  inputBase64: z.base64().optional(),
  /** Takes the place of the function's own settings, field by field. */
  settings: FunctionSettingsPatch.optional(),
});
export type FunctionRunRequest = z.infer<typeof FunctionRunRequest>;

/** The same as builders are asked. */
export const BuilderRunRequest = z.strictObject({
  sha256: Sha256,
  functionName: z.string().min(1).max(256),
  inputBase64: z.base64(),
  settings: FunctionSettings,
});
export type BuilderRunRequest = z.infer<typeof BuilderRunRequest>;

export const HostCall = z.strictObject({ name: z.string(), startMs: z.number(), durationMs: z.number(), bytesIn: z.int(), bytesOut: z.int() });
export type HostCall = z.infer<typeof HostCall>;

/** What a run answered. `ok` false is a failure of the function, with the code that a request would have got. */
export const FunctionRun = z.strictObject({
  ok: z.boolean(),
  error: z.strictObject({ code: z.string(), detail: z.string() }).nullable(),
  output: z.strictObject({ encoding: z.enum(['utf8', 'base64']), content: z.string(), bytes: z.int(), truncated: z.boolean() }),
  logs: z.array(z.strictObject({ level: z.enum(['trace', 'debug', 'info', 'warn', 'error']), message: z.string(), atMs: z.number() })),
  hostCalls: z.array(HostCall),
  timings: z.strictObject({ fetchMs: z.number(), prepareMs: z.number(), callMs: z.number(), guestCpuMs: z.number(), hostMs: z.number() }),
  memoryBytes: z.int(),
});
export type FunctionRun = z.infer<typeof FunctionRun>;
