import type { TailFilter } from '@torii/contracts';
import type { TailedRequest, TailedTrace } from './tailed-request.js';

/** Whether a request is one that a follower wants. */
export type RequestFilter = (request: TailedRequest, trace: TailedTrace) => boolean;

/** A filter made ready for many requests. Its `sample` is for who asks. */
export function requestFilter({ route, plugin, version, statuses, text }: TailFilter): RequestFilter {
  const lowerText = text?.toLowerCase();
  return (request, trace) => {
    if (route !== undefined && trace.routeName !== route) return false;
    if (statuses !== undefined && !hasStatus(request.status, statuses)) return false;
    if ((plugin !== undefined || version !== undefined) && !ranPlugin(trace, plugin, version)) return false;
    return lowerText === undefined || holdsText(request, lowerText);
  };
}

function hasStatus(status: number, patterns: readonly string[]): boolean {
  const exact = String(status);
  const statusClass = `${exact[0]}xx`;
  return patterns.some((pattern) => pattern === exact || pattern === statusClass);
}

function ranPlugin({ pluginName, pluginVersion, calls }: TailedTrace, plugin: string | undefined, version: number | undefined): boolean {
  const fits = (name: string | undefined, itsVersion: number | undefined): boolean =>
    name !== undefined && (plugin === undefined || name === plugin) && (version === undefined || itsVersion === version);
  return fits(pluginName, pluginVersion) || calls.some((call) => fits(call.pluginName, call.pluginVersion));
}

function holdsText({ requestId, method, host, path, error }: TailedRequest, lowerText: string): boolean {
  const texts = [path, host, method, requestId, error?.code, error?.detail];
  return texts.some((text) => text?.toLowerCase().includes(lowerText));
}
