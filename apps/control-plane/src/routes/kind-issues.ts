import { type FieldIssue, isSlotKind, type PluginKind, slotKinds } from '@torii/contracts';

/** Where a route refers to a plugin. */
export type Place = 'slot' | 'target';

/** Whether a plugin of that kind can stand there; the issue says where it can. */
export function kindIssues(name: string, kind: PluginKind, { place, pointer }: { readonly place: Place; readonly pointer: string }): FieldIssue[] {
  const isFit = place === 'target' ? kind === 'backend' : isSlotKind(kind);
  if (isFit) return [];
  const issue = (detail: string): FieldIssue[] => [{ pointer: `${pointer}/plugin`, detail: `plugin "${name}" is of kind ${kind}: ${detail}` }];
  if (place === 'target') return issue(isSlotKind(kind) ? 'put it among plugins, and a plugin of kind backend here' : 'a target is of kind backend');
  const kinds = `slots take the kinds ${slotKinds.join(', ')}`;
  return issue(kind === 'backend' ? `make it the target of the route; ${kinds}` : kinds);
}
