import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Env } from './env.js';
import type { EgressSettings } from './run/run-messages.js';

/** What runs may send out; throws, naming the variable, when the file of authorities is none. */
export function egressSettings(env: Env): EgressSettings {
  return {
    overrides: env.TORII_EGRESS_OVERRIDES ?? new Map<string, string>(),
    privateCidrs: env.TORII_EGRESS_PRIVATE_CIDRS,
    connectTimeoutMs: env.TORII_EGRESS_CONNECT_TIMEOUT_MS,
    ...(env.TORII_EGRESS_DNS_SERVERS === undefined ? {} : { dnsServers: env.TORII_EGRESS_DNS_SERVERS }),
    ...(env.TORII_EGRESS_CA_FILE === undefined ? {} : { extraCa: readAuthorities(env.TORII_EGRESS_CA_FILE) }),
  };
}

function readAuthorities(file: string): string {
  try {
    const authorities = readFileSync(file, 'utf8');
    // Throws unless there is a certificate in it.
    new X509Certificate(authorities);
    return authorities;
  } catch (cause) {
    throw new Error(`TORII_EGRESS_CA_FILE must be a PEM file of certificates: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
