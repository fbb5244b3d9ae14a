import { type PluginSpecInput, pluginLimits } from '@torii/contracts';
import type { Fields } from './fields.js';

type Limits = NonNullable<PluginSpecInput['limits']>;

const pageBytes = 65_536;
const neverCalls = 2_147_483_647;
/** Otoroshi lets a guest compute for as long as it likes; the default here is meant for small ones. */
const cpuMs = 1_000;

/** What bounds an imported plugin: more than the defaults where Otoroshi gives more, and never less. */
export function convertLimits(config: Fields, httpCallMs: number | undefined): Limits {
  const pages = config.number('memoryPages');
  const instances = config.number('instances');
  const memoryMaxBytes = largest('memoryMaxBytes', (pages ?? 0) * pageBytes);
  if (pages !== undefined && pages * pageBytes < memoryMaxBytes) {
    config.findings.ignored(config.pointerTo('memoryPages'), `memoryPages ${pages}`, {
      why: `a plugin may have ${memoryMaxBytes} bytes, which is more`,
    });
  }
  return {
    cpuMs,
    memoryMaxBytes,
    wallMs: largest('wallMs', httpCallMs ?? 0),
    maxInstancesPerNode: largest('maxInstancesPerNode', instances ?? 0),
    ...killLimits(config, memoryMaxBytes),
  };
}

function killLimits(config: Fields, memoryMaxBytes: number): Pick<Limits, 'instanceMaxCalls' | 'instanceKeptMaxBytes'> {
  const options = config.object('killOptions');
  if (options === undefined) return {};
  const isImmortal = options.flag('immortal') ?? false;
  const calls = options.number('max_calls') ?? neverCalls;
  const memoryShare = options.number('max_memory_usage') ?? 0;
  options.ignore('a plugin that is slow is bounded by its limits, and set aside when it fails too often', { max_avg_call_duration: 0 });
  options.ignore('idle instances are given up when others need their place', { max_unused_duration: 300_000 });
  options.end();
  if (isImmortal) return {};
  return {
    ...(calls >= neverCalls || calls < 1 ? {} : { instanceMaxCalls: clamp('instanceMaxCalls', calls) }),
    ...(memoryShare <= 0 ? {} : { instanceKeptMaxBytes: clamp('instanceKeptMaxBytes', memoryShare * memoryMaxBytes) }),
  };
}

function largest(name: keyof typeof pluginLimits, asked: number): number {
  return clamp(name, Math.max(asked, pluginLimits[name].default));
}

function clamp(name: keyof typeof pluginLimits, value: number): number {
  const { min, max } = pluginLimits[name];
  return Math.min(Math.max(Math.round(value), min), max);
}
