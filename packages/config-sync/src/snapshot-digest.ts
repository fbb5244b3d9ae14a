import { createHash } from 'node:crypto';
import {
  AppError,
  type CurrentRevision,
  pluginVersionKey,
  Snapshot,
  type SnapshotPlugin,
  type SnapshotRoute,
  type SnapshotSlot,
  snapshotSchemaVersion,
} from '@torii/contracts';
import { canonicalJson } from './canonical-json.js';
import { parseJson } from './parse-json.js';

interface Contents {
  readonly plugins: readonly SnapshotPlugin[];
  readonly globalPlugins?: readonly SnapshotSlot[] | undefined;
  readonly debugEpoch?: string | undefined;
  readonly routes: readonly SnapshotRoute[];
}

/**
 * The hash of a configuration: sha256 over the sorted lines `<entity key> <content hash>`.
 *
 * Hashing per entity is what will let a node verify a delta without reading the rest again.
 */
export function snapshotHash(contents: Contents): string {
  const { globalPlugins, debugEpoch } = contents;
  const lines = [
    ...(globalPlugins === undefined ? [] : [`settings ${sha256(canonicalJson(globalPlugins))}`]),
    ...(debugEpoch === undefined ? [] : [`debug-epoch ${sha256(debugEpoch)}`]),
    ...contents.plugins.map((plugin) => `plugin/${pluginVersionKey(plugin)} ${sha256(canonicalJson(plugin))}`),
    ...contents.routes.map((route) => `route/${route.id} ${sha256(canonicalJson(route))}`),
  ];
  return sha256(lines.sort().join('\n'));
}

export function sealSnapshot(identity: Pick<CurrentRevision, 'incarnation' | 'revision'>, contents: Contents): Snapshot {
  return {
    schemaVersion: snapshotSchemaVersion,
    incarnation: identity.incarnation,
    revision: identity.revision,
    hash: snapshotHash(contents),
    plugins: [...contents.plugins],
    ...(contents.globalPlugins === undefined ? {} : { globalPlugins: [...contents.globalPlugins] }),
    ...(contents.debugEpoch === undefined ? {} : { debugEpoch: contents.debugEpoch }),
    routes: [...contents.routes],
  };
}

/**
 * Reads a snapshot as it came from Redis.
 *
 * Throws `config.invalid_snapshot` when it is not one this version understands, `config.digest_mismatch` when its
 * contents do not have the hash that was announced.
 */
export function openSnapshot(text: string, announced: CurrentRevision): Snapshot {
  const parsed = Snapshot.safeParse(parseJson(text));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new AppError('config.invalid_snapshot', { detail: `at /${issue?.path.join('/') ?? ''}: ${issue?.message ?? 'not JSON'}` });
  }
  const snapshot = parsed.data;
  if (snapshot.incarnation !== announced.incarnation || snapshot.revision !== announced.revision) {
    throw new AppError('config.digest_mismatch', { detail: `revision ${announced.revision} was announced, ${snapshot.revision} came` });
  }
  if (snapshot.hash !== announced.hash || snapshotHash(snapshot) !== announced.hash) {
    throw new AppError('config.digest_mismatch', { detail: `revision ${announced.revision} does not have the announced hash` });
  }
  return snapshot;
}

export function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
