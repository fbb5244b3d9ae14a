import { CurrentRevision, type Snapshot } from '@torii/contracts';
import type { Redis } from 'ioredis';
import type { ConfigKeys } from './config-keys.js';
import { parseJson } from './parse-json.js';

/** How long a node that is just fetching it may still find a snapshot that is no longer current. */
const supersededTtlSeconds = 600;

// Compare-and-set: a revision replaces only an older one of its own incarnation, or any of another incarnation, or
// whatever is not a revision at all.
// Artifacts are there before; the snapshot is written before `current`; the doorbell rings last.
// Numbers are written by %.0f: %d holds 31 bits only in a Valkey built for 32-bit machines, as the embedded one is.
const publishScript = `
local raw = redis.call('GET', KEYS[1])
local isJson, current = pcall(cjson.decode, raw or 'null')
if isJson and type(current) == 'table' and type(current.incarnation) == 'string' and type(current.revision) == 'number' then
  if current.incarnation == ARGV[1] then
    if current.revision > tonumber(ARGV[2]) then return {'superseded', raw} end
    if current.revision == tonumber(ARGV[2]) and redis.call('EXISTS', KEYS[2]) == 1 then return {'already_current', raw} end
  end
  local previous = ARGV[5] .. current.incarnation .. ':' .. string.format('%.0f', current.revision)
  if previous ~= KEYS[2] then redis.call('EXPIRE', previous, ARGV[6]) end
end
redis.call('SET', KEYS[2], ARGV[4])
redis.call('SET', KEYS[1], ARGV[3])
redis.call('PUBLISH', KEYS[3], ARGV[2])
return {'published', ARGV[3]}
`;

export interface PublishResult {
  /** `superseded`: a newer revision of the same incarnation is current, and stays. */
  readonly outcome: 'published' | 'already_current' | 'superseded';
  readonly current: CurrentRevision;
}

/** Makes snapshots current; used by the control plane. */
export class SnapshotPublisher {
  constructor(
    private readonly redis: Redis,
    private readonly keys: ConfigKeys,
  ) {}

  /** Idempotent: publishing the same revision again changes nothing, and heals a Redis that lost it. */
  async publish(snapshot: Snapshot): Promise<PublishResult> {
    const { incarnation, revision, hash } = snapshot;
    const current: CurrentRevision = { incarnation, revision, hash };
    const key = this.keys.snapshot(incarnation, revision);
    const [outcome, now] = (await this.redis.eval(
      publishScript,
      3,
      this.keys.current,
      key,
      this.keys.doorbell,
      incarnation,
      revision,
      JSON.stringify(current),
      JSON.stringify(snapshot),
      key.slice(0, key.lastIndexOf(incarnation)),
      supersededTtlSeconds,
    )) as [PublishResult['outcome'], string];
    return { outcome, current: CurrentRevision.parse(JSON.parse(now)) };
  }

  /** What Redis holds as current; undefined when it holds nothing, or something that is not ours. */
  async current(): Promise<CurrentRevision | undefined> {
    const raw = await this.redis.get(this.keys.current);
    return raw === null ? undefined : CurrentRevision.safeParse(parseJson(raw)).data;
  }
}
