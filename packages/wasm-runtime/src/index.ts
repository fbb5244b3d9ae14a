export type {
  CallCosts,
  CallObserver,
  HttpCallOutcome,
  ObservedHostCall,
  ObservedHttpCall,
  ObservedLease,
  ObservedLine,
  ObservedLogLevel,
} from './call-observer.js';
export { createEgress, type Egress, type EgressOptions, type EgressRequest, type EgressResponse } from './egress/egress.js';
export { EgressError, type EgressErrorCode } from './egress/egress-error.js';
export type { CallerSignal, CallOptions, CallResult, ExposedState, FunctionSpec, RuntimeDeps, Stores } from './function-spec.js';
export { RequestAttributes } from './host-functions/request-attributes.js';
export { InstanceBudget, type InstanceBudgetOptions } from './instance-budget.js';
export type { InstancePool } from './instance-pool.js';
export { exportsFunction } from './instantiate.js';
export type { PoolStats } from './pool-stats.js';
export { compilePrepared, type PreparedModule, prepareModule } from './prepare-module.js';
export { memoryMaxPagesOf, rewriterVersion } from './rewrite-for-guests.js';
export { RewriteThread, type RewriteThreadOptions } from './rewrite-thread.js';
export { isWasiFunction } from './wasi/wasi.js';
export { loadFunction } from './wasm-runtime.js';
