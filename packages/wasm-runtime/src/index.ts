export { createEgress, type Egress, type EgressOptions, type EgressRequest, type EgressResponse } from './egress/egress.js';
export { EgressError, type EgressErrorCode } from './egress/egress-error.js';
export type { ResolveHost } from './egress/resolve-host.js';
export type { CallOptions, CallResult, FunctionSpec, RuntimeDeps } from './function-spec.js';
export { InstanceBudget } from './instance-budget.js';
export type { InstancePool, PoolStats } from './instance-pool.js';
export { type PreparedModule, prepareModule } from './prepare-module.js';
export { loadFunction } from './wasm-runtime.js';
