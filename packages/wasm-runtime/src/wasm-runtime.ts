import type { FunctionSpec, RuntimeDeps } from './function-spec.js';
import { InstancePool } from './instance-pool.js';
import type { PreparedModule } from './prepare-module.js';

/** Makes a plugin version callable in this thread. Nothing runs until `warmUp` or the first call; close the pool when it is replaced. */
export function loadFunction(spec: FunctionSpec, prepared: PreparedModule, deps: RuntimeDeps): InstancePool {
  return new InstancePool(spec, prepared, deps);
}
