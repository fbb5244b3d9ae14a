import type { UpstreamPeer, UpstreamTls } from '@torii/contracts';
import type { z } from 'zod';
import { isJsonObject } from '../http/merge-patch.js';
import type { Fields } from './fields.js';

export interface ConvertedPeer {
  readonly peer: z.input<typeof UpstreamPeer>;
  readonly tls: z.input<typeof UpstreamTls>;
  readonly pointer: string;
}

/** Certificates of the file in PEM, by the id that Otoroshi refers to them with. */
export type Certificates = ReadonlyMap<string, string>;

/** One target of a backend; undefined, with the reason among the findings, for what is none. */
export function convertPeer(target: Fields, prefix: string, certificates: Certificates): ConvertedPeer | undefined {
  const hostname = target.filledText('hostname');
  const port = target.number('port');
  const isTls = target.flag('tls') ?? false;
  const weight = target.number('weight') ?? 1;
  const backup = target.flag('backup') ?? false;
  const tls = readTls(target, certificates);
  readProtocol(target);
  readPredicate(target);
  const address = target.filledText('ip_address');
  if (address !== undefined) {
    const instead = 'write the address as the host of the target, and its name as tls.serverName';
    target.findings.lost(target.pointerTo('ip_address'), 'the address of the target', {
      why: 'the host of a target is looked up by its name',
      instead,
    });
  }
  target.skip('id');
  target.ignore('only describes the target', { tags: [], metadata: {} });
  target.end();
  if (hostname === undefined) {
    target.findings.lost(target.pointer, 'the target', { why: 'has no hostname', instead: 'correct the file' });
    return undefined;
  }
  const usual = isTls ? 443 : 80;
  const authority = hostname.includes(':') && !hostname.startsWith('[') ? `[${hostname}]` : hostname;
  const portText = port === undefined || port === usual ? '' : `:${port}`;
  const url = `${isTls ? 'https' : 'http'}://${authority}${portText}${prefix}`;
  return { peer: { url, weight, backup }, tls, pointer: target.pointer };
}

/** A target written as a URL; what its path is comes before that of a request. */
export function peerOfUrl(text: string, pointer: string): ConvertedPeer {
  return { peer: { url: text.replace(/\/+$/, '') }, tls: {}, pointer };
}

function readTls(target: Fields, certificates: Certificates): z.input<typeof UpstreamTls> {
  const config = target.object('tls_config');
  if (config === undefined) return {};
  const isEnabled = config.flag('enabled') ?? false;
  const own = config.texts('certs');
  const trusted = config.texts('trusted_certs');
  const isLoose = [config.flag('loose'), config.flag('trust_all')].includes(true);
  config.end();
  if (!isEnabled) return {};
  for (const { pointer } of own.slice(0, 1)) {
    config.findings.lost(pointer, 'the certificate for the target', { why: 'a client certificate cannot be sent to targets' });
  }
  const pems = trusted.flatMap(({ text, pointer }) => {
    const pem = certificates.get(text);
    if (pem !== undefined) return [pem];
    const instead = 'import a file that holds it, or set it as tls.caPem of the target';
    config.findings.lost(pointer, `the trusted certificate ${text}`, { why: 'is not in the file', instead });
    return [];
  });
  return { ...(pems.length === 0 ? {} : { caPem: pems.join('\n') }), ...(isLoose ? { verify: false } : {}) };
}

function readProtocol(target: Fields): void {
  const protocol = target.filledText('protocol');
  if (protocol === undefined || protocol.toUpperCase() === 'HTTP/1.1') return;
  target.findings.changed(target.pointerTo('protocol'), `the protocol ${protocol}`, { why: 'targets are spoken to in HTTP/1.1' });
}

function readPredicate(target: Fields): void {
  const predicate = target.take('predicate');
  const type = isJsonObject(predicate) ? predicate.type : undefined;
  if (predicate === undefined || type === 'AlwaysMatch') return;
  const instead = 'make a route for each place, or give all of them the same target';
  target.findings.lost(target.pointerTo('predicate'), `the predicate ${String(type)}`, {
    why: 'a target cannot be chosen by where the node is',
    instead,
  });
}
