export { getAttribute, removeAttribute, setAttribute } from './attributes.js';
export { config } from './config.js';
export type { HostFunction, MemoryBlock } from './globals.js';
export { HostError } from './host-error.js';
export { type HttpAnswer, type HttpRequest, httpCall } from './http.js';
export type {
  AccessValidatorInput,
  AccessValidatorOutput,
  AttributeChanges,
  BackendInput,
  BackendOutput,
  Context,
  JobInput,
  OutputBody,
  OutputCookie,
  OutputHead,
  PreRouteInput,
  PreRouteOutput,
  RequestChanges,
  RequestTransformerInput,
  RequestTransformerOutput,
  ResponseChanges,
  ResponseTransformerInput,
  ResponseTransformerOutput,
  RouteMatcherInput,
  RouteMatcherOutput,
  RouterInput,
  RouterOutput,
  ShortCircuit,
  SinkInput,
  SinkMatch,
  SinkOutput,
  WebsocketMessage,
  WebsocketTransformerInput,
  WebsocketTransformerOutput,
} from './kinds.js';
export { log } from './log.js';
export {
  accessValidator,
  backend,
  type Handler,
  job,
  type PluginFunction,
  preRoute,
  requestTransformer,
  responseTransformer,
  routeMatcher,
  router,
  sinkHandler,
  sinkMatcher,
  websocketTransformer,
} from './plugin.js';
export { bodyBytes, bodyText, header, queryParam } from './read-request.js';
export type { RawRequest, RequestBody, ResponseBody, TargetRequest, TargetResponse } from './request.js';
export type { FoundKeys, KeyQuery, WriteOptions } from './store.js';
