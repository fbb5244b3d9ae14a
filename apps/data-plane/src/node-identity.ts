import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { idPrefixes, NodeId, NodeName } from '@torii/contracts';

/** This node's id, the same over restarts because it is kept in `stateDirectory`. */
export function readOrCreateNodeId(stateDirectory: string): NodeId {
  const file = path.join(stateDirectory, 'node-id');
  const known = NodeId.safeParse(readText(file));
  if (known.success) return known.data;
  const id = NodeId.parse(`${idPrefixes.node}_${randomUUID()}`);
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
  writeFileSync(file, `${id}\n`, { mode: 0o600 });
  return id;
}

/** What this node is called where nobody has named it: the machine's name, as far as a node may be called that. */
export function defaultNodeName(): string | undefined {
  return NodeName.safeParse(hostname().replace(/[^A-Za-z0-9._-]/g, '-')).data;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}
