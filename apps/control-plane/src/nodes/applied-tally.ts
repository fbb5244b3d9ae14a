import type { NodeStatus } from '@torii/contracts';
import type { Quorum } from '../http/query.js';
import type { ConfigPosition } from '../snapshots/revisions.service.js';

/** How many node ids a header names at most. */
const namedNodesMax = 20;

export interface Tally {
  readonly applied: number;
  readonly live: number;
  readonly pending: readonly string[];
  readonly rejected: readonly { readonly id: string; readonly code: string }[];
  /** Enough nodes serve the revision, or one refuses it: waiting on changes nothing. */
  readonly isDone: boolean;
}

export type NodeProgress = 'applied' | 'pending' | 'rejected';

/** How far a live node has come with a revision; a later revision of the same life counts as this one. */
export function progressOf(node: NodeStatus, position: ConfigPosition): NodeProgress {
  const { active, rejected } = node;
  if (active?.incarnation === position.incarnation && active.revision >= position.revision) return 'applied';
  if (rejected?.incarnation === position.incarnation && rejected.revision >= position.revision) return 'rejected';
  return 'pending';
}

export function tallyNodes(live: readonly NodeStatus[], position: ConfigPosition, quorum: Quorum): Tally {
  const withProgress = live.map((node) => ({ node, progress: progressOf(node, position) }));
  const applied = withProgress.filter(({ progress }) => progress === 'applied').length;
  const pending = withProgress.filter(({ progress }) => progress === 'pending').map(({ node }) => node.id);
  const rejected = withProgress.flatMap(({ node, progress }) => {
    return progress === 'rejected' ? [{ id: node.id, code: node.rejected?.code ?? 'platform.internal' }] : [];
  });
  const needed = quorum.kind === 'count' ? quorum.count : Math.ceil((live.length * quorum.percent) / 100);
  return { applied, live: live.length, pending, rejected, isDone: applied >= needed || rejected.length > 0 };
}

export function appliedHeaders(tally: Tally): Record<string, string> {
  const headers: Record<string, string> = { 'x-config-applied': `${tally.applied}/${tally.live}` };
  if (tally.pending.length > 0) headers['x-config-pending'] = tally.pending.slice(0, namedNodesMax).join(', ');
  if (tally.rejected.length > 0) {
    headers['x-config-rejected'] = tally.rejected
      .slice(0, namedNodesMax)
      .map(({ id, code }) => `${id};code=${code}`)
      .join(', ');
  }
  return headers;
}
