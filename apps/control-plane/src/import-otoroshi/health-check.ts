import type { UpstreamHealth } from '@torii/contracts';
import type { z } from 'zod';
import type { Fields } from './fields.js';

/** How targets are asked whether they are well; nothing where they are not asked. */
export function convertHealthCheck(backend: Fields): z.input<typeof UpstreamHealth> {
  const check = backend.object('health_check');
  if (check === undefined) return {};
  const isEnabled = check.flag('enabled') ?? false;
  const url = check.filledText('url');
  const timeoutMs = check.number('timeout');
  const healthy = check.list('healthyStatuses').filter((status) => typeof status === 'number');
  check.ignore('any other status counts as ill', { unhealthyStatuses: [] });
  check.ignore('ill targets are left out while another can be used', { blockOnRed: false });
  check.ignore('targets are asked for their status alone', { logicCheck: false });
  check.end();
  if (!isEnabled || url === undefined) return {};
  const path = pathOf(url);
  if (path === undefined) {
    const instead = 'give a path in health.active of the target';
    check.findings.lost(check.pointerTo('url'), `the health check ${url}`, { why: 'is neither a URL nor a path', instead });
    return {};
  }
  if (path !== url) check.findings.changed(check.pointerTo('url'), `the health check ${url}`, { why: `each target is asked for ${path}` });
  const statuses = healthy.length === 0 ? {} : { statusMin: Math.min(...healthy), statusMax: Math.max(...healthy) };
  return { active: { path, ...statuses, ...(timeoutMs === undefined || timeoutMs <= 0 ? {} : { timeoutMs: Math.round(timeoutMs) }) } };
}

function pathOf(url: string): string | undefined {
  if (url.startsWith('/')) return url;
  if (!URL.canParse(url)) return undefined;
  const { pathname, search } = new URL(url);
  return `${pathname}${search}`;
}
