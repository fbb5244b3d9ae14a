export {
  adminApiLimits,
  configRevisionHeader,
  errorCodeHeader,
  type List,
  listOf,
  requestIdHeader,
  requestIdPattern,
  Scope,
  scopes,
} from './admin-api.js';
export { Artifact, artifactMaxBytes, ModuleExport, ModuleImport } from './artifact.js';
export { unavailableInPlugin, unavailableInRoute } from './availability.js';
export {
  AppError,
  type AppErrorOptions,
  type ErrorCode,
  type ErrorOwner,
  errorTable,
  type FieldIssue,
  ownerOf,
  type Problem,
  problemOf,
} from './errors.js';
export {
  type Grant,
  type GrantAccess,
  type GrantName,
  GrantString,
  grantNames,
  type HostErrorCode,
  type HostFunction,
  type HostFunctionText,
  hostErrors,
  hostFunctionNamespaces,
  hostFunctions,
  hostStatus,
  kernelFunctions,
  kernelNamespace,
  legacyKernelPrefix,
  noSum,
  StoreLimits,
  type StoreName,
  storeNames,
  type ValueType,
  wasiNamespace,
} from './host-functions.js';
export { defaultWorkspace, type EntityKind, EntityName, idPrefixes, isIdOf, NodeId, namePattern, PluginId, RouteId, Sha256 } from './ids.js';
export { type LimitDefinition, type LimitName, PluginLimits, pluginLimits } from './limits.js';
export { Node, NodeStatus } from './node-status.js';
export { AllowedHost, HostFunctionGrant, Plugin, PluginKind, PluginSource, PluginSpec, type PluginSpecInput, Tags } from './plugin.js';
export { AttributeChanges, type BackendInput, BackendOutput, type OutputCookie, type RawRequest, type TargetRequest } from './plugin-io.js';
export {
  HostPattern,
  Method,
  PathMatch,
  PluginReference,
  Route,
  RouteMatch,
  RouteSpec,
  type RouteSpecInput,
  Slot,
  Target,
  VersionReference,
} from './route.js';
export { CurrentRevision, pluginVersionKey, Snapshot, SnapshotMatch, SnapshotPlugin, SnapshotRoute, snapshotSchemaVersion } from './snapshot.js';
