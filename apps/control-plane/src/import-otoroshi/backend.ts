import type { UpstreamTarget } from '@torii/contracts';
import type { z } from 'zod';
import { isJsonObject } from '../http/merge-patch.js';
import { convertBalancing } from './balancing.js';
import { convertClientSettings } from './client-settings.js';
import { Fields } from './fields.js';
import { convertHealthCheck } from './health-check.js';
import type { PointerMap } from './pointer-map.js';
import { type Certificates, type ConvertedPeer, convertPeer, peerOfUrl } from './upstream-peer.js';

export type UpstreamInput = z.input<typeof UpstreamTarget>;

interface BackendOptions {
  readonly certificates: Certificates;
  readonly pointers: PointerMap;
  /** Whether targets get the `Host` that the client sent, as they do in Otoroshi unless a plugin overrides it. */
  readonly preserveHost: boolean;
  /** Where the upstream stands in the route. */
  readonly place: '/target' | '/target/upstream';
}

/** The servers a route proxies to; undefined when the backend has none. */
export function convertBackend(backend: Fields, { certificates, pointers, preserveHost, place }: BackendOptions): UpstreamInput | undefined {
  const { prefix, rewritePath } = readRoot(backend);
  const peers = peersOf(backend, prefix, certificates);
  const { balancing, isFailover } = convertBalancing(backend);
  const settings = convertClientSettings(backend);
  const health = convertHealthCheck(backend);
  for (const { text, pointer } of backend.texts('target_refs')) {
    backend.findings.lost(pointer, `the target ${text}`, { why: 'is kept elsewhere', instead: 'write it among targets' });
  }
  backend.skip('id', 'name');
  backend.end();
  if (peers.length === 0) return undefined;
  pointers.set(place, backend.pointer);
  pointers.set(`${place}/rewritePath`, backend.pointerTo('root'));
  for (const [index, { pointer }] of peers.entries()) pointers.set(`${place}/targets/${index}`, pointer);
  return {
    kind: 'upstream',
    targets: peers.map(({ peer }, index) => (isFailover && index > 0 ? { ...peer, backup: true } : peer)),
    balancing,
    preserveHost,
    ...(rewritePath === undefined ? {} : { rewritePath }),
    ...settings,
    health,
    tls: tlsOf(peers, backend),
  };
}

function peersOf(backend: Fields, prefix: string, certificates: Certificates): ConvertedPeer[] {
  const peers = backend.list('targets').flatMap((target, index) => peerOf(target, backend.pointerTo('targets', index), backend));
  for (const name of ['url', 'target_url', 'target'] as const) {
    const value = backend.take(name);
    if (value !== undefined) peers.push(...peerOf(value, backend.pointerTo(name), backend));
  }
  return peers;

  function peerOf(value: unknown, pointer: string, { findings }: Fields): ConvertedPeer[] {
    if (typeof value === 'string') return [peerOfUrl(`${value.replace(/\/+$/, '')}${prefix}`, pointer)];
    const peer = isJsonObject(value) ? convertPeer(new Fields(value, pointer, findings), prefix, certificates) : undefined;
    if (!isJsonObject(value)) findings.lost(pointer, 'the target', { why: 'is no target', instead: 'correct the file' });
    return peer === undefined ? [] : [peer];
  }
}

/** `root` comes before the path of a request, or with `rewrite` takes its place; parts of the request's path may stand in it. */
function readRoot(backend: Fields): { readonly prefix: string; readonly rewritePath?: string } {
  const root = (backend.filledText('root') ?? '/').replace(/\/+$/, '');
  const isRewrite = backend.flag('rewrite') ?? false;
  const path = root.replace(/\$\{req\.pathparams\.([A-Za-z0-9_-]+)\}/g, (_, name: string) => `\${${name}}`);
  const other = /\$\{(?!([A-Za-z0-9_-]+)\})/.test(path);
  if (other) {
    const instead = 'write a path whose only expressions are parts of the path (req.pathparams), or change it in a request transformer';
    backend.findings.lost(backend.pointerTo('root'), `the root ${root}`, { why: 'holds an expression that is not known', instead });
    return { prefix: '' };
  }
  if (isRewrite) return { prefix: '', rewritePath: path === '' ? '/' : path };
  return path.includes(`\${`) ? { prefix: '', rewritePath: `${path}/\${rest}` } : { prefix: path };
}

/** All targets of an upstream have the same settings of TLS. */
function tlsOf(peers: readonly ConvertedPeer[], backend: Fields): UpstreamInput['tls'] {
  const distinct = new Set(peers.map(({ tls }) => JSON.stringify(tls)));
  if (distinct.size > 1) {
    const why = 'all targets have the same settings: those of the first are taken';
    backend.findings.lost(backend.pointerTo('targets'), 'settings of TLS that differ between targets', { why, instead: 'make a route for each' });
  }
  return peers[0]?.tls ?? {};
}
