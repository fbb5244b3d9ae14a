import type { Env } from './env.js';
import { MigrationError } from './prisma/migrate.js';

/** One line that says why the process cannot start, without the password that may be in an address. */
export function describeBootError(error: unknown, env: Pick<Env, 'databaseDirectUrl' | 'host' | 'port'>): string {
  const reason = reasonOf(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (error instanceof MigrationError) return `the database cannot be migrated: ${reason}`;
  if (code === 'EADDRINUSE' || code === 'EADDRNOTAVAIL' || code === 'EACCES') return `cannot listen on ${env.host}:${env.port}: ${reason}`;
  const { host, pathname } = new URL(env.databaseDirectUrl);
  if (/^(E[A-Z]+|[0-9A-Z]{5})$/.test(code) || /timeout|terminated/i.test(reason)) return `cannot use the database at ${host}${pathname}: ${reason}`;
  return `the control plane cannot start: ${reason}`;
}

function reasonOf(error: unknown): string {
  // A host with several addresses fails with one error for each of them and no message of its own.
  if (error instanceof AggregateError && error.message === '') return [...new Set(error.errors.map(reasonOf))].join('; ');
  const text = error instanceof Error ? error.message : String(error);
  return text.replaceAll(/\s+/g, ' ').trim();
}
