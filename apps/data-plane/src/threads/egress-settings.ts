import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Env } from '../env.js';
import type { EgressSettings } from './thread-messages.js';

/** What each data thread may send out; throws, naming the variable, when the file of authorities is none. */
export function egressSettings(env: Env): EgressSettings {
  return {
    overrides: env.TORII_EGRESS_OVERRIDES ?? new Map<string, string>(),
    privateCidrs: env.TORII_EGRESS_PRIVATE_CIDRS,
    connectTimeoutMs: env.TORII_EGRESS_CONNECT_TIMEOUT_MS,
    requestTimeoutMs: env.TORII_EGRESS_REQUEST_TIMEOUT_MS,
    responseMaxBytes: env.TORII_EGRESS_RESPONSE_MAX_BYTES,
    maxRedirects: env.TORII_EGRESS_MAX_REDIRECTS,
    maxConcurrent: env.TORII_EGRESS_MAX_CONCURRENT,
    maxConcurrentPerPlugin: env.TORII_EGRESS_MAX_CONCURRENT_PER_PLUGIN ?? Math.ceil(env.TORII_EGRESS_MAX_CONCURRENT / 4),
    queueWaitMs: env.TORII_EGRESS_QUEUE_WAIT_MS,
    bufferMaxBytes: Math.ceil(env.TORII_EGRESS_BUFFER_BYTES / env.TORII_DATA_THREADS),
    ...(env.TORII_EGRESS_DNS_SERVERS === undefined ? {} : { dnsServers: env.TORII_EGRESS_DNS_SERVERS }),
    ...(env.TORII_EGRESS_CA_FILE === undefined ? {} : { extraCa: readAuthorities(env.TORII_EGRESS_CA_FILE) }),
  };
}

function readAuthorities(file: string): string {
  try {
    const authorities = readFileSync(file, 'utf8');
    // Throws unless there is a certificate in it; the threads would say so too, but not whose fault it is.
    new X509Certificate(authorities);
    return authorities;
  } catch (error) {
    throw new Error(`TORII_EGRESS_CA_FILE must be a PEM file of certificates: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
