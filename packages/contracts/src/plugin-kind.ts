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
export const slotKinds = ['route_matcher', 'pre_route', 'access_validator', 'request_transformer', 'response_transformer'] as const;
export type SlotKind = (typeof slotKinds)[number];

/** Kinds that nodes serve. */
export const ServedKind = z.enum(['backend', ...slotKinds]);
export type ServedKind = z.infer<typeof ServedKind>;

export function isSlotKind(kind: PluginKind): kind is SlotKind {
  return slotKinds.some((known) => known === kind);
}
