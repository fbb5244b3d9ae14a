import type { AppError } from '@torii/contracts';
import { InfoLines, type Logger } from '@torii/service-kit';
import { jsonString } from '../pipeline/json-text.js';
import type { Trace } from '../pipeline/trace.js';

export interface AccessEntry {
  readonly requestId: string;
  readonly method: string;
  readonly host: string;
  /** Without the query: its values may be secrets. */
  readonly path: string;
  readonly status: number;
  readonly durationMs: number;
  readonly revision: number | undefined;
  readonly error: AppError | undefined;
}

const message = 'request';

/** One line per request. Faults of ours are errors, all others facts. */
export class AccessLog {
  private readonly facts: InfoLines;

  constructor(private readonly log: Logger) {
    this.facts = new InfoLines(log, message);
  }

  write(entry: AccessEntry, trace: Trace): void {
    const { error } = entry;
    if (error?.owner === 'platform') this.log.error({ ...fieldsOf(entry, trace), err: error.cause }, message);
    else if (this.facts.isEnabled) this.facts.write(jsonFieldsOf(entry, trace));
  }
}

/** The fields of a line, in their order. */
export function fieldsOf({ requestId, method, host, path, status, durationMs, revision, error }: AccessEntry, trace: Trace): Record<string, unknown> {
  return {
    requestId,
    method,
    host,
    path,
    status,
    durationMs: round(durationMs),
    revision,
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
}

/** The same fields, in the same order, as they stand in the line. */
function jsonFieldsOf(entry: AccessEntry, { routeName, pluginName, pluginVersion, call, isLenientOutput }: Trace): string {
  const { error } = entry;
  let fields =
    `,"requestId":${jsonString(entry.requestId)},"method":${jsonString(entry.method)},"host":${jsonString(entry.host)}` +
    `,"path":${jsonString(entry.path)},"status":${entry.status},"durationMs":${round(entry.durationMs)}`;
  if (entry.revision !== undefined) fields += `,"revision":${entry.revision}`;
  if (routeName !== undefined) fields += `,"route":${jsonString(routeName)}`;
  if (pluginName !== undefined) fields += `,"plugin":${jsonString(pluginName)}`;
  if (pluginVersion !== undefined) fields += `,"pluginVersion":${pluginVersion}`;
  if (call !== undefined) fields += `,"cpuMs":${round(call.cpuMs)},"hostCalls":${call.hostCalls},"httpCalls":${call.httpCalls}`;
  if (isLenientOutput) fields += ',"lenientOutput":true';
  if (error !== undefined) fields += `,"code":"${error.code}","owner":"${error.owner}"`;
  if (error?.detail !== undefined) fields += `,"detail":${jsonString(error.detail)}`;
  return fields;
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
