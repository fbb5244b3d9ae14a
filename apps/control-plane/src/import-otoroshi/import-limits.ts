/** What bounds one import, beside the size of its body; docs/import-otoroshi.md lists it. */
export const importLimits = {
  routesMax: 1_000,
  pluginsMax: 500,
  /** Entries of the report about one entity, and about all. */
  itemsPerEntityMax: 200,
  itemsMax: 10_000,
  /** For the whole transaction, waiting for the writes before it included. */
  timeoutMs: 120_000,
} as const;
