import { type FieldIssue, isSettingsKind, isSlotKind, type PluginKind, slotKinds } from '@torii/contracts';

/** Where a route, or the settings, refer to a plugin. */
export type Place = 'slot' | 'target' | 'settings';

/** Whether a plugin of that kind can stand there; the issue says where it can. */
export function kindIssues(name: string, kind: PluginKind, { place, pointer }: { readonly place: Place; readonly pointer: string }): FieldIssue[] {
  const advice = adviceOf(kind, place);
  return advice === undefined ? [] : [{ pointer: `${pointer}/plugin`, detail: `plugin "${name}" is of kind ${kind}: ${advice}` }];
}

/** Undefined where the kind fits. */
function adviceOf(kind: PluginKind, place: Place): string | undefined {
  const kinds = `slots take the kinds ${slotKinds.join(', ')}`;
  switch (place) {
    case 'target':
      if (kind === 'backend') return undefined;
      return isSlotKind(kind) ? 'put it among plugins, and a plugin of kind backend here' : 'a target is of kind backend';
    case 'slot':
      if (isSlotKind(kind)) return undefined;
      if (kind === 'backend') return `make it the target of the route; ${kinds}`;
      return isSettingsKind(kind) ? `put it among the plugins of /api/v1/settings; ${kinds}` : kinds;
    case 'settings':
      if (isSettingsKind(kind)) return undefined;
      return kind === 'backend'
        ? `make it the target of a route; the settings and ${kinds}, the settings router and sink besides`
        : `${kinds}, the settings router and sink besides`;
  }
}
