import { isJsonObject, type JsonObject } from '../http/merge-patch.js';
import { Fields } from './fields.js';

/** Backends that stand in the file by themselves, by id. */
export type BackendEntities = ReadonlyMap<string, { readonly value: JsonObject; readonly pointer: string }>;

/** The backend of a route: the one it refers to, or else its own; undefined where it has none. */
export function backendOf(route: Fields, entities: BackendEntities): Fields | undefined {
  const reference = route.filledText('backend_ref');
  if (reference === undefined) return route.object('backend');
  route.ignore('the route refers to another one', { backend: undefined });
  const entity = entities.get(reference);
  if (entity !== undefined) {
    const value = isJsonObject(entity.value.backend) ? entity.value.backend : {};
    return new Fields(value, `${entity.pointer}/backend`, route.findings);
  }
  const instead = 'import the export that has it, together with the routes';
  route.findings.lost(route.pointerTo('backend_ref'), `the backend ${reference}`, { why: 'is not in the file', instead });
  return undefined;
}
