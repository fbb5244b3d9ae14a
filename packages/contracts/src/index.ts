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
  warningHeader,
} from './admin-api.js';
export { Artifact, artifactMaxBytes, ModuleExport, ModuleImport } from './artifact.js';
export { unavailableInPlugin } from './availability.js';
export {
  Build,
  type BuildErrorCode,
  BuildFailure,
  BuildLogEntry,
  BuildRequest,
  BuildStage,
  BuildStatus,
  buildErrors,
  buildLogLimits,
  Diagnostic,
  diagnosticsMax,
  Follower,
  SmokeCall,
} from './build.js';
export { BuildError } from './build-error.js';
export { BuilderStatus, BuildJob, BuildOutcome, buildJobSchemaVersion, CachedBuild } from './build-job.js';
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
  FunctionDiff,
  FunctionEntity,
  FunctionSettings,
  FunctionSettingsPatch,
  FunctionSources,
  FunctionSpec,
  type FunctionSpecInput,
  FunctionVersion,
  TestInput,
  VersionName,
} from './function.js';
export { BuilderRunRequest, FunctionRun, FunctionRunRequest, HostCall, runLimits } from './function-run.js';
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
export {
  BuilderId,
  BuildId,
  defaultWorkspace,
  type EntityKind,
  EntityName,
  FunctionId,
  idPrefixes,
  isIdOf,
  NodeId,
  namePattern,
  PluginId,
  RouteId,
  Sha256,
} from './ids.js';
export { Language, type LanguageDefinition, LanguageName, LanguageStatus, languageNames, languages, Toolchain } from './language.js';
export { type LimitDefinition, type LimitName, PluginLimits, pluginLimits } from './limits.js';
export { Node, NodeName, NodeStatus } from './node-status.js';
export {
  AllowedHost,
  HostFunctionGrant,
  Plugin,
  PluginSource,
  PluginSpec,
  type PluginSpecInput,
  releasePattern,
  Tags,
} from './plugin.js';
export {
  AttributeChanges,
  type BackendInput,
  BackendOutput,
  OutputContent,
  type OutputCookie,
  type RawRequest,
  type TargetRequest,
} from './plugin-io.js';
export {
  fixedFunctionsOf,
  isSettingsKind,
  isSlotKind,
  PluginKind,
  ServedKind,
  type SlotKind,
  sinkMatchesFunction,
  slotKinds,
} from './plugin-kind.js';
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
  ValueMatch,
  VersionReference,
} from './route.js';
export { parseTemplate, type TemplateSegment } from './route-template.js';
export { Settings } from './settings.js';
export {
  type AccessValidatorInput,
  AccessValidatorOutput,
  type PreRouteInput,
  PreRouteOutput,
  type RequestTransformerInput,
  RequestTransformerOutput,
  type ResponseCookie,
  type ResponseTransformerInput,
  ResponseTransformerOutput,
  type RouteMatcherInput,
  RouteMatcherOutput,
  type RouterInput,
  RouterOutput,
  type SinkHandleInput,
  SinkHandleOutput,
  type SinkInput,
  SinkMatchesOutput,
  type TargetResponse,
} from './slot-io.js';
export {
  CurrentRevision,
  pluginVersionKey,
  Snapshot,
  SnapshotMatch,
  SnapshotPlugin,
  SnapshotRoute,
  SnapshotSlot,
  snapshotSchemaVersion,
} from './snapshot.js';
export { FilePath, SourceFile, SourceTree, sourceLimits } from './source-file.js';
export { StatusPattern, TailAsk, TailBatch, type TailEvent, TailFilter, TailRecord, tailLimits } from './tail.js';
export { Template, TemplateWithFiles } from './template.js';
export {
  DebugToken,
  DebugTokenRequest,
  debugHeader,
  nodeOfReport,
  Report,
  ReportStep,
  reportHeader,
  reportIdOn,
  TestedRequest,
  TesterAnswer,
  TesterRequest,
  Trial,
  TrialDraft,
  testerLimits,
} from './tester.js';
export {
  Balancing,
  pemCertificates,
  rewriteRest,
  UpstreamHealth,
  UpstreamPeer,
  UpstreamTarget,
  UpstreamTls,
  upstreamLimits,
  upstreamOf,
} from './upstream.js';
export {
  type MessageDirection,
  messageFunctions,
  messageFunctionsOf,
  type WebsocketTransformerInput,
  WebsocketTransformerOutput,
} from './websocket-io.js';
