import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { pemCertificates } from '@torii/contracts';

/** A context holds some hundred certificates, and makes one in some milliseconds. */
const contextsMax = 64;
const contexts = new Map<string, SecureContext>();

/** What trusts these authorities beside the node's own. Throws OpenSSL's error for one that cannot be read. */
export function contextTrusting(caPem: string): SecureContext {
  const known = contexts.get(caPem);
  if (known !== undefined) return known;
  const context = createSecureContext({ ca: [...getCACertificates('default'), ...pemCertificates(caPem)] });
  if (contexts.size >= contextsMax) contexts.delete(contexts.keys().next().value ?? '');
  contexts.set(caPem, context);
  return context;
}
