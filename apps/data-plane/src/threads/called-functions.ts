import { fixedFunctionsOf, messageFunctionsOf, type SnapshotPlugin } from '@torii/contracts';
import { exportsFunction, type PreparedModule } from '@torii/wasm-runtime';

/** The functions that calls of a plugin ask for by name. A `websocket_transformer` is called by those that its module exports. */
export function calledFunctionsOf({ kind, functionName }: SnapshotPlugin, prepared: PreparedModule): readonly string[] {
  if (kind !== 'websocket_transformer') return fixedFunctionsOf(kind);
  const names = new Set(Object.values(messageFunctionsOf(functionName)));
  return [...names].filter((name) => exportsFunction(name, prepared));
}
