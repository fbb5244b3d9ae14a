import { z } from 'zod';
import { EntityName, NodeId } from './ids.js';
import { NodeName } from './node-status.js';

/** What bounds the live tail of requests, beside the settings of control plane and nodes. */
export const tailLimits = {
  /** Events a second that one follower gets. */
  rateDefault: 100,
  rateMax: 1_000,
  /** Of `status` in a filter. */
  statusesMax: 16,
  /** Characters of `text` in a filter. */
  textMaxLength: 256,
  /** Characters of each text in a record; the rest of a longer one is cut. */
  fieldMaxLength: 1_024,
  /** Followers that one node serves at once, over all control planes. */
  followersMaxPerNode: 128,
  /** How long a node goes on for a follower that is not announced again (ms). */
  askTtlMs: 10_000,
  /** How often a follower is announced (ms). */
  askIntervalMs: 2_000,
} as const;

/** A status such as `404`, or a class of them such as `5xx`. */
export const StatusPattern = z.string().regex(/^[1-5](xx|\d\d)$/, 'must be a status such as 404, or a class such as 5xx');

/** Which requests a follower wants: those for which all of it holds. */
export const TailFilter = z.strictObject({
  /** Id or name of the node. */
  node: z.union([NodeId, NodeName]).optional(),
  /** Name of the route. */
  route: EntityName.optional(),
  /** Name of a plugin that is the target, or was called in a slot. */
  plugin: EntityName.optional(),
  /** Of that plugin. */
  version: z.int().min(1).optional(),
  statuses: z.array(StatusPattern).min(1).max(tailLimits.statusesMax).optional(),
  /** In the method, host, path, id or error of the request, case ignored. */
  text: z.string().min(1).max(tailLimits.textMaxLength).optional(),
  /** Share of these requests, by chance. */
  sample: z.number().gt(0).max(1).optional(),
});
export type TailFilter = z.infer<typeof TailFilter>;

/** What a control plane tells the nodes of one follower, again and again while it follows. */
export const TailAsk = z.strictObject({
  follower: z.uuid(),
  filter: TailFilter,
  /** The follower is forgotten when it is not announced again within that time; 0 when it has gone (ms). */
  ttlMs: z.int().min(0).max(60_000),
});
export type TailAsk = z.infer<typeof TailAsk>;

/** A request that was answered, with the fields of its access line, of which newer nodes may have more. */
export const TailRecord = z.looseObject({
  time: z.iso.datetime(),
  nodeId: NodeId,
  requestId: z.string(),
  method: z.string(),
  host: z.string(),
  path: z.string(),
  status: z.int(),
  durationMs: z.number(),
});
export type TailRecord = z.infer<typeof TailRecord>;

/** What a node sends to one follower at a time. */
export const TailBatch = z.strictObject({
  records: z.array(TailRecord),
  /** Further requests that the follower wants, and that the node had no room for. */
  dropped: z.int().min(0),
});
export type TailBatch = z.infer<typeof TailBatch>;

/** What a follower gets; `type` names the event. */
export type TailEvent =
  | ({ readonly type: 'request' } & TailRecord)
  /** Since the last of these: requests left out because there were more than a node, or this follower, takes. */
  | { readonly type: 'dropped'; readonly count: number }
  /** Whether nodes are listened to at the moment, and how many of them have heard of it. */
  | { readonly type: 'state'; readonly state: 'following'; readonly nodes: number }
  | { readonly type: 'state'; readonly state: 'interrupted'; readonly detail: string }
  /** The stream is over for a reason of its own. */
  | { readonly type: 'end'; readonly detail: string };
