import type { Balancing } from '@torii/contracts';
import type { Fields } from './fields.js';

interface Converted {
  readonly balancing: Balancing;
  /** Whether every target but the first is there for when the ones before it cannot be used. */
  readonly isFailover: boolean;
}

const same: Readonly<Record<string, Balancing>> = {
  RoundRobin: { type: 'round_robin' },
  Random: { type: 'random' },
  IpAddressHash: { type: 'ip_hash' },
  LeastConnections: { type: 'least_connections' },
  PowerOfTwoRandomChoices: { type: 'power_of_two' },
};

const near: Readonly<Record<string, { readonly balancing: Balancing; readonly why: string }>> = {
  Sticky: { balancing: { type: 'ip_hash' }, why: 'a client keeps its target by its address, not by a cookie' },
  CookieHash: { balancing: { type: 'ip_hash' }, why: 'targets are chosen by the address of the client, not by a cookie' },
  QueryHash: { balancing: { type: 'ip_hash' }, why: 'targets are chosen by the address of the client, not by the query' },
  BestResponseTime: { balancing: { type: 'least_connections' }, why: 'the target with the fewest requests under way is taken' },
  WeightedBestResponseTime: { balancing: { type: 'power_of_two' }, why: 'of two targets the one with fewer requests under way is taken' },
};

/** How targets are chosen; round robin unless the file says otherwise. */
export function convertBalancing(backend: Fields): Converted {
  const fields = backend.object('load_balancing');
  if (fields === undefined) return { balancing: { type: 'round_robin' }, isFailover: false };
  const type = fields.filledText('type') ?? 'RoundRobin';
  const header = fields.filledText('header_name');
  // What those that are told apart by them come to is said of the whole.
  fields.skip('cookie_name', 'query_name', 'ratio');
  fields.end();
  const known = lookUp(same, type);
  if (known !== undefined) return { balancing: known, isFailover: false };
  if (type === 'HeaderHash' && header !== undefined) return { balancing: { type: 'header_hash', name: header }, isFailover: false };
  const what = `the load balancing ${type}`;
  const nearest = lookUp(near, type);
  if (nearest !== undefined) {
    fields.findings.changed(fields.pointer, what, { why: nearest.why });
    return { balancing: nearest.balancing, isFailover: false };
  }
  if (type === 'NaiveFailover') {
    fields.findings.changed(fields.pointer, what, { why: 'the first target is used, and any of the others while it cannot be' });
    return { balancing: { type: 'round_robin' }, isFailover: true };
  }
  fields.findings.lost(fields.pointer, what, { why: 'is not known: targets take turns' });
  return { balancing: { type: 'round_robin' }, isFailover: false };
}

/** A type may be called `constructor`. */
function lookUp<Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
