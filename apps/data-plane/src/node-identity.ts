import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { idPrefixes, NodeId } from '@torii/contracts';

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

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}
