/** Names of everything the configuration plane keeps in Redis; one hash tag, so that a script may touch them all. */
export interface ConfigKeys {
  /** `CurrentRevision` as JSON. The truth: the channels only ring. */
  readonly current: string;
  readonly snapshot: (incarnation: string, revision: number) => string;
  /** Channel: something new may be current. */
  readonly doorbell: string;
  /** Hash: node id to `NodeStatus` as JSON. */
  readonly nodes: string;
  /** Channel: a node's status has changed; the message is its id. */
  readonly acks: string;
}

export function configKeys(prefix: string): ConfigKeys {
  const base = `${prefix}:{cfg}`;
  return {
    current: `${base}:current`,
    snapshot: (incarnation, revision) => `${base}:snapshot:${incarnation}:${revision}`,
    doorbell: `${base}:doorbell`,
    nodes: `${base}:nodes`,
    acks: `${base}:acks`,
  };
}
