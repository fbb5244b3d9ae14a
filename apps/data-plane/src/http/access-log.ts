import type { AppError } from '@torii/contracts';
import type { Clock, Logger } from '@torii/service-kit';
import type { Trace } from '../pipeline/trace.js';

export interface AccessEntry {
  readonly requestId: string;
  readonly method: string;
  readonly host: string;
  /** Without the query: its values may be secrets. */
  readonly path: string;
  readonly status: number;
  readonly revision: number | undefined;
  readonly error: AppError | undefined;
}

/** One line per request. Faults of ours are errors, all others facts. */
export class AccessLog {
  constructor(
    private readonly log: Logger,
    private readonly clock: Clock,
  ) {}

  write(entry: AccessEntry, trace: Trace): void {
    const { error } = entry;
    const line = {
      requestId: entry.requestId,
      method: entry.method,
      host: entry.host,
      path: entry.path,
      status: entry.status,
      durationMs: round(this.clock.nowMs() - trace.startedAtMs),
      revision: entry.revision,
      route: trace.routeName,
      plugin: trace.pluginName,
      pluginVersion: trace.pluginVersion,
      cpuMs: trace.call === undefined ? undefined : round(trace.call.cpuMs),
      hostCalls: trace.call?.hostCalls,
      httpCalls: trace.call?.httpCalls,
      lenientOutput: trace.isLenientOutput ? true : undefined,
      code: error?.code,
      owner: error?.owner,
      detail: error?.detail,
    };
    if (error?.owner === 'platform') this.log.error({ ...line, err: error.cause }, 'request');
    else this.log.info(line, 'request');
  }
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
