import type { SnapshotPlugin, SnapshotSlot } from '@torii/contracts';

/** A slot for every request, which fails it when its plugin fails. */
export function aSlot(plugin: Pick<SnapshotPlugin, 'id' | 'version'>, part: Partial<SnapshotSlot> = {}): SnapshotSlot {
  return { plugin: plugin.id, version: plugin.version, include: [], exclude: [], config: {}, onError: 'fail', ...part };
}
