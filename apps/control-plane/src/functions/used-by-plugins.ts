import { AppError } from '@torii/contracts';

/** How many plugins a refusal names. */
const namedPluginsMax = 20;

/** `client.conflict` that names the plugins. */
export function usedByPlugins(what: string, users: readonly { readonly name: string }[]): AppError {
  const names = users.slice(0, namedPluginsMax).map(({ name }) => name);
  const more = users.length > namedPluginsMax ? ` and ${users.length - namedPluginsMax} more` : '';
  return new AppError('client.conflict', { detail: `${what} is used by the plugins ${names.join(', ')}${more}` });
}
