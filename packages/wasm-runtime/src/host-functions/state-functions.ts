import { z } from 'zod';
import { readJson, readText } from './read-argument.js';
import { answering, type ServedFunctions } from './served-function.js';

const Entity = z.object({ entity: z.string(), id: z.string().nullish() });

/** What the guest may know of configuration and node; what that is, `ExposedState` decides. */
export const stateFunctions: ServedFunctions = {
  proxy_state: answering((guest) => guest.give(guest.state.all())),

  proxy_state_value: answering((guest, args) => {
    const asked = readJson(guest, args, Entity);
    return guest.give((asked === undefined ? undefined : guest.state.entity(asked.entity, asked.id ?? undefined)) ?? 'null');
  }),

  proxy_global_config: answering((guest) => guest.give(guest.state.globalConfig())),

  proxy_config: answering((guest) => guest.give(guest.state.nodeConfig())),

  proxy_cluster_state: answering((guest) => guest.give(guest.state.nodeState())),

  proxy_cluster_state_value: answering((guest, args) => {
    const path = readText(guest, args);
    return guest.give((path === undefined ? undefined : valueAt(guest.state.nodeState(), path)) ?? 'null');
  }),
};

function valueAt(state: string, path: string): string | undefined {
  let value: unknown = JSON.parse(state);
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = Reflect.get(value, name);
  }
  return JSON.stringify(value);
}
