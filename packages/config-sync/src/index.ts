export { ArtifactCache, type ArtifactCacheOptions } from './artifact-cache.js';
export { canonicalJson } from './canonical-json.js';
export { type ConfigKeys, configKeys } from './config-keys.js';
export { heartbeatIntervalMs, heartbeatTimeoutMs, isGone, NodeRegistry, nodeRetentionMs } from './node-registry.js';
export { openSnapshot, sealSnapshot, sha256, snapshotHash } from './snapshot-digest.js';
export { type PublishResult, SnapshotPublisher } from './snapshot-publisher.js';
export { SnapshotSource, type SnapshotSourceOptions } from './snapshot-source.js';
export { type TailChannels, tailChannels } from './tail-channels.js';
