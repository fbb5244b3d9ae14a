import { randomUUID } from 'node:crypto';
import { type SnapshotRoute, UpstreamTarget } from '@torii/contracts';

type UpstreamPart = Omit<Parameters<typeof UpstreamTarget.parse>[0] & object, never>;

/** A route of a path whose requests go to these servers, with what the defaults of the admin API would add. */
export function anUpstreamRoute(
  prefix: string,
  urls: readonly string[],
  target: UpstreamPart = {},
  part: Partial<SnapshotRoute> = {},
): SnapshotRoute {
  return {
    id: `rt_${randomUUID()}` as SnapshotRoute['id'],
    name: `route${prefix.replaceAll('/', '-')}`,
    workspace: 'default',
    match: [{ hosts: [], paths: [{ type: 'prefix', value: prefix }], methods: [] }],
    stripPath: true,
    target: UpstreamTarget.parse({ kind: 'upstream', targets: urls.map((url) => ({ url })), ...target }),
    ...part,
  };
}
