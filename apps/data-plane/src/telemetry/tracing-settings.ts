import type { Env } from '../env.js';
import type { TracingSettings } from './tracing.js';

/** Undefined where there is no collector. */
export function tracingSettings(env: Env): TracingSettings | undefined {
  const endpoint = env.TORII_OTLP_ENDPOINT ?? env.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint === undefined) return undefined;
  return {
    endpoint,
    ratio: env.TORII_TRACE_RATIO,
    queuedMax: env.TORII_TRACE_QUEUE_SPANS,
    delayMs: env.OTEL_BSP_SCHEDULE_DELAY,
    exportTimeoutMs: env.TORII_OTLP_TIMEOUT_MS,
  };
}
