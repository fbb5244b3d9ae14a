import { createServer } from 'node:net';
import { ThreadSystemError } from './thread-link.js';

/**
 * Rejects with the system's error when somebody listens on the port. Shared listeners do not notice each other: without
 * this look, a second node on the port would take half the requests.
 */
export function assertPortIsFree(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen({ host, port }, () => probe.close(() => resolve()));
  });
}

/** Whether this is how a system says that threads cannot share a port. */
export function isSharingUnsupported(error: unknown): boolean {
  return error instanceof ThreadSystemError && ['ENOTSUP', 'EOPNOTSUPP', 'ENOPROTOOPT', 'EINVAL'].includes(error.systemCode);
}
