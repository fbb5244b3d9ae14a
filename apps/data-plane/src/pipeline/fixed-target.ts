import type { SnapshotRoute } from '@torii/contracts';
import { isReserved } from './output-headers.js';
import type { FixedTarget } from './route-target.js';

type FixedSpec = Exclude<SnapshotRoute['target'], { kind: 'function' | 'upstream' }>;

const textType = 'text/plain; charset=utf-8';
/** Statuses of answers that have no body (RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5). */
const bodiless = new Set([204, 205, 304]);

/** What a redirect or a static target answers to every request. */
export function fixedTarget(spec: FixedSpec): FixedTarget {
  if (spec.kind === 'redirect') return { kind: 'fixed', response: { status: spec.status, headers: { location: spec.url }, body: '' } };
  const given = Object.entries(spec.headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  const headers = Object.fromEntries(given.filter(([name]) => !isReserved(name)));
  const type = spec.body === '' || 'content-type' in headers ? {} : { 'content-type': textType };
  return {
    kind: 'fixed',
    response: { status: spec.status, headers: { ...type, ...headers }, body: bodiless.has(spec.status) ? undefined : spec.body },
  };
}
