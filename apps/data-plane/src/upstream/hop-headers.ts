/** A length is never of the connection alone, whoever says so: what follows the body would be read as something else. */
const neverOfConnection = 'content-length';

/** The names that a `Connection` header lists (RFC 9110 section 7.6.1), in lower case, added to those of others; undefined for none. */
export function connectionOptions(value: string, others?: ReadonlySet<string>): ReadonlySet<string> | undefined {
  const text = value.toLowerCase();
  if (text === 'keep-alive' || text === 'close') return others;
  const names = text.split(',').map((name) => name.trim());
  const named = new Set([...(others ?? []), ...names.filter((name) => name !== '' && name !== neverOfConnection)]);
  return named.size === 0 ? undefined : named;
}
