import type { Plugin } from '@torii/contracts';
import type { Transaction } from '../prisma/prisma.service.js';

/** How many routes a refusal names. */
const namedRoutesMax = 20;

/** The routes that use a plugin, and the settings if they do, in words; undefined when none does. */
export async function pluginUsers(tx: Transaction, { id: pluginId }: Plugin): Promise<string | undefined> {
  const routes = await tx.routePlugin.findMany({ where: { pluginId }, select: { route: { select: { name: true } } } });
  const isInSettings = (await tx.settingsPlugin.count({ where: { pluginId } })) > 0;
  const names = routes.map(({ route }) => route.name).sort();
  const more = names.length > namedRoutesMax ? ` and ${names.length - namedRoutesMax} more` : '';
  const users = [
    ...(isInSettings ? ['the settings'] : []),
    ...(names.length === 0 ? [] : [`the routes ${names.slice(0, namedRoutesMax).join(', ')}${more}`]),
  ];
  return users.length === 0 ? undefined : users.join(' and ');
}
