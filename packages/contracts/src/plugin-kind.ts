import { z } from 'zod';

/** Which step of a request a plugin serves. */
export const PluginKind = z.enum([
  'backend',
  'request_transformer',
  'response_transformer',
  'access_validator',
  'pre_route',
  'route_matcher',
  'router',
  'sink',
  'job',
  'websocket_transformer',
  'opa',
]);
export type PluginKind = z.infer<typeof PluginKind>;

/** Kinds that stand in the slots of a route, in the order of a request. */
export const slotKinds = [
  'route_matcher',
  'pre_route',
  'access_validator',
  'request_transformer',
  'response_transformer',
  'websocket_transformer',
] as const;
export type SlotKind = (typeof slotKinds)[number];

/** Kinds that stand in the settings alone: there is no route when they are asked. */
const settingsKinds = ['router', 'sink'] as const;

/** Kinds that nodes serve. */
export const ServedKind = z.enum(['backend', ...slotKinds, ...settingsKinds]);
export type ServedKind = z.infer<typeof ServedKind>;

/** What a sink is asked first, whatever its `functionName`, which is what it then answers by. */
export const sinkMatchesFunction = 'sink_matches';

/** The functions that a plugin of that kind is called by besides its `functionName`; its module must export them. */
export function fixedFunctionsOf(kind: PluginKind): readonly string[] {
  return kind === 'sink' ? [sinkMatchesFunction] : [];
}

export function isSlotKind(kind: PluginKind): kind is SlotKind {
  return slotKinds.some((known) => known === kind);
}

/** Whether a plugin of that kind can stand among the plugins of the settings. */
export function isSettingsKind(kind: PluginKind): boolean {
  return isSlotKind(kind) || settingsKinds.some((known) => known === kind);
}
