import { z } from 'zod';

export interface LimitDefinition {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly unit: 'ms' | 'bytes' | 'instances' | 'calls';
  readonly description: string;
}

const MiB = 1024 * 1024;

/** What bounds one plugin. docs/limits.md is generated from this table. */
export const pluginLimits = {
  cpuMs: { default: 50, min: 1, max: 60_000, unit: 'ms', description: 'Time the guest itself may compute in one call; waiting does not count.' },
  wallMs: { default: 5_000, min: 1, max: 300_000, unit: 'ms', description: 'Time one call may take in all, waiting included.' },
  queueWaitMs: {
    default: 1_000,
    min: 0,
    max: 60_000,
    unit: 'ms',
    description: 'Time a request may wait for a free instance before it is answered 503.',
  },
  memoryMaxBytes: {
    default: 64 * MiB,
    min: 65_536,
    max: 4096 * MiB,
    unit: 'bytes',
    description: "The guest's linear memory; rounded up to whole pages of 64 KiB.",
  },
  requestMaxBytes: {
    default: MiB,
    min: 0,
    max: 64 * MiB,
    unit: 'bytes',
    description:
      'The body that the plugin is called with: a larger one of a request is answered 413, of a response fails the transformer, as a larger message of a WebSocket does.',
  },
  responseMaxBytes: { default: 10 * MiB, min: 0, max: 256 * MiB, unit: 'bytes', description: 'The output of one call.' },
  maxInstancesPerNode: { default: 64, min: 1, max: 10_000, unit: 'instances', description: 'Live instances on one node, over all its threads.' },
  maxQueuedPerNode: {
    default: 256,
    min: 0,
    max: 100_000,
    unit: 'calls',
    description: 'Requests that may wait for an instance on one node, over all its threads.',
  },
  httpCallsMax: { default: 32, min: 0, max: 10_000, unit: 'calls', description: 'Outbound HTTP calls in one call.' },
  hostCallsMax: { default: 10_000, min: 0, max: 10_000_000, unit: 'calls', description: 'Calls of host functions in one call.' },
  instanceMaxCalls: {
    default: 0,
    min: 0,
    max: 1_000_000_000,
    unit: 'calls',
    description: 'Calls after which an instance is replaced by a new one; 0 for no limit.',
  },
  instanceMaxAgeMs: {
    default: 0,
    min: 0,
    max: 2_147_483_647,
    unit: 'ms',
    description: 'Age at which an instance is replaced by a new one after its call; 0 for no limit.',
  },
  instanceKeptMaxBytes: {
    default: 48 * MiB,
    min: 65_536,
    max: 4096 * MiB,
    unit: 'bytes',
    description:
      "An instance whose memory has grown beyond this, and beyond what it began with, is replaced after its call: a guest's memory never shrinks.",
  },
  kvMaxBytes: {
    default: 64 * MiB,
    min: 0,
    max: 4096 * MiB,
    unit: 'bytes',
    description: "Keys and values in the plugin's map, and as much again in its datastore.",
  },
} as const satisfies Record<string, LimitDefinition>;

export type LimitName = keyof typeof pluginLimits;
export type PluginLimits = Record<LimitName, number>;

const limitShape = Object.fromEntries(
  Object.entries(pluginLimits).map(([name, limit]) => [
    name,
    z
      .int()
      .min(limit.min)
      .max(limit.max)
      .default(limit.default)
      .meta({ description: `${limit.description} (${limit.unit})` }),
  ]),
) as { [Name in LimitName]: z.ZodDefault<z.ZodInt> };

export const PluginLimits = z.strictObject(limitShape);
