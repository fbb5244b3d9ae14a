/** Where keys live within a workspace: what a plugin has for itself, and what all plugins share; maps and datastores apart. */
export type KvNamespace = `map:${string}` | `ds:${string}`;

/** A plugin's id stays the same over its versions, so what it keeps does too. No id of a plugin is `global`. */
export const kvNamespaces = {
  pluginMap: (pluginId: string): KvNamespace => `map:${pluginId}`,
  globalMap: 'map:global',
  pluginDatastore: (pluginId: string): KvNamespace => `ds:${pluginId}`,
  globalDatastore: 'ds:global',
} as const;

/** The name of a map in the node's table. */
export function mapIdOf(workspace: string, namespace: KvNamespace): string {
  return `${workspace}/${namespace}`;
}
