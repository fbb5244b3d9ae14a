import { z } from 'zod';
import { NodeId, Sha256 } from './ids.js';

/** What an operator calls a node; others may be called the same. */
export const NodeName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/, 'must be 1 to 253 letters, digits, dots, _ or -, and begin with a letter or digit');

/** What a node says of the configuration it runs, with every heartbeat and at once after each change. */
export const NodeStatus = z.strictObject({
  id: NodeId,
  /** Older nodes have none. */
  name: NodeName.optional(),
  version: z.string(),
  /** Base address of its internal port, for the control plane and for other nodes. */
  internalUrl: z.string(),
  proxyPort: z.int(),
  dataThreads: z.int(),
  startedAt: z.iso.datetime(),
  heartbeatAt: z.iso.datetime(),
  /** What it serves; null before the first configuration. */
  active: z.strictObject({ incarnation: z.uuid(), revision: z.int(), hash: Sha256 }).nullable(),
  /** The newest configuration it refused, until a later one is applied. */
  rejected: z.strictObject({ incarnation: z.uuid(), revision: z.int(), code: z.string(), detail: z.string() }).nullable(),
});
export type NodeStatus = z.infer<typeof NodeStatus>;

/** A node as the API answers it: `state` is `applied` when it serves the current revision. */
export const Node = NodeStatus.extend({ state: z.enum(['applied', 'pending', 'rejected', 'gone']) });
export type Node = z.infer<typeof Node>;
