import { type UpstreamTarget, upstreamLimits } from '@torii/contracts';
import type { z } from 'zod';
import type { Fields } from './fields.js';

type Upstream = z.input<typeof UpstreamTarget>;
type Settings = Pick<Upstream, 'timeouts' | 'retries'>;
type LimitName = keyof typeof upstreamLimits;

const overall = 'there is a limit for each phase of a request, and none for all of it; a body may take as long as its bytes move';

/** What Otoroshi's client puts in a file by itself. */
const usual = { call_and_stream_timeout: 120_000, global_timeout: 30_000, max_errors: 20, retry_initial_delay: 50, backoff_factor: 2 };

/** Timeouts and retries of a backend. Otoroshi's defaults hold where the file says nothing. */
export function convertClientSettings(backend: Fields): Settings {
  const client = backend.object('client');
  const connectMs = bounded(client, 'connection_timeout', 'connectMs', 10_000);
  const headersMs = bounded(client, 'call_timeout', 'headersMs', 30_000);
  const idleMs = bounded(client, 'idle_timeout', 'idleMs', 60_000);
  const retries = bounded(client, 'retries', 'retries', 1);
  if (client !== undefined) readRest(client);
  return { timeouts: { connectMs, headersMs, idleMs }, retries };
}

function bounded(client: Fields | undefined, name: string, limit: LimitName, otherwise: number): number {
  const value = client?.number(name) ?? otherwise;
  const { min, max } = upstreamLimits[limit];
  const taken = Math.min(Math.max(Math.round(value), min), max);
  if (taken !== value && client !== undefined) {
    client.findings.changed(client.pointerTo(name), `${name} ${value}`, { why: `${limit} may be ${min} to ${max}: it is ${taken}` });
  }
  return taken;
}

function readRest(client: Fields): void {
  for (const name of ['call_and_stream_timeout', 'global_timeout'] as const) {
    const value = client.number(name);
    if (value !== undefined && value !== usual[name]) client.findings.changed(client.pointerTo(name), `${name} ${value}`, { why: overall });
  }
  for (const [index, value] of client.list('custom_timeouts').entries()) {
    const why = 'timeouts are those of the route for all of its paths';
    const instead = 'make a route of its own for the paths that need others';
    if (value !== null) client.findings.changed(client.pointerTo('custom_timeouts', index), 'timeouts for some paths', { why, instead });
  }
  const proxy = client.object('proxy');
  if (proxy?.filledText('host') !== undefined) {
    client.findings.lost(proxy.pointer, 'the proxy to the targets', { why: 'targets are connected to without a proxy' });
  }
  const { max_errors, retry_initial_delay, backoff_factor } = usual;
  client.ignore('failing targets are left out for a while by their health settings, and other targets are tried at once', {
    max_errors,
    retry_initial_delay,
    backoff_factor,
    sample_interval: 2_000,
  });
  client.ignore('connections to targets are always kept and shared', { cache_connection_settings: { enabled: false, queue_size: 2_048 } });
  client.end();
}
