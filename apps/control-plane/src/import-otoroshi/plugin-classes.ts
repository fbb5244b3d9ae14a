import type { PluginKind } from '@torii/contracts';

const prefix = 'cp:otoroshi.next.plugins.';

interface WasmClass {
  readonly kind: PluginKind;
  /** What Otoroshi calls where no function is named. */
  readonly defaultFunction: string;
  /** The key that orders slots of this kind in `plugin_index`. */
  readonly index: string;
}

/** Otoroshi's Wasm plugins that run on a route, by the name of their class. */
const wasmClasses: Readonly<Record<string, WasmClass>> = {
  WasmRouteMatcher: { kind: 'route_matcher', defaultFunction: 'matches_route', index: 'match_route' },
  WasmPreRoute: { kind: 'pre_route', defaultFunction: 'pre_route', index: 'pre_route' },
  WasmAccessValidator: { kind: 'access_validator', defaultFunction: 'access', index: 'validate_access' },
  WasmRequestTransformer: { kind: 'request_transformer', defaultFunction: 'transform_request', index: 'transform_request' },
  WasmBackend: { kind: 'backend', defaultFunction: 'call_backend', index: 'call_backend' },
  WasmResponseTransformer: { kind: 'response_transformer', defaultFunction: 'transform_response', index: 'transform_response' },
};

/** Steps of a Wasm plugin's entity, and the class that runs them. */
const classOfStep: Readonly<Record<string, string>> = {
  MatchRoute: 'WasmRouteMatcher',
  PreRoute: 'WasmPreRoute',
  ValidateAccess: 'WasmAccessValidator',
  TransformRequest: 'WasmRequestTransformer',
  CallBackend: 'WasmBackend',
  TransformResponse: 'WasmResponseTransformer',
};

const advice: Readonly<Record<string, string>> = {
  WasmSink: 'make a plugin of kind sink, and put it among the plugins of /api/v1/settings',
  WasmRouter: 'write the decision as routes, or as a route_matcher',
  WasmJob: 'call the module from a scheduler',
  WasmOPA: 'compile the policy into an access_validator',
  WasmWebsocketTransformer: 'let messages pass as they are',
  WasmRequestHandler: 'make it the backend of a route',
  ApikeyCalls: 'check keys in an access_validator',
  NgLegacyApikeyCall: 'check keys in an access_validator',
  JwtVerification: 'check tokens in an access_validator',
  JwtVerificationOnly: 'check tokens in an access_validator',
  AuthModule: 'check sessions in an access_validator',
  MockResponses: 'make a route with a static target for each response',
  Cors: 'answer preflights in a pre_route plugin, and add headers in a response_transformer',
};

/** The class of a plugin's id, without its package where that is Otoroshi's own. */
export function classOf(plugin: string): string {
  return plugin.startsWith(prefix) ? plugin.slice(prefix.length) : plugin;
}

export function wasmClass(name: string): WasmClass | undefined {
  return Object.hasOwn(wasmClasses, name) ? wasmClasses[name] : undefined;
}

export function wasmClassOfStep(step: string): WasmClass | undefined {
  const name = Object.hasOwn(classOfStep, step) ? classOfStep[step] : undefined;
  return name === undefined ? undefined : wasmClass(name);
}

/** What to do about a plugin that is not converted. */
export function adviceForClass(name: string): string {
  return Object.hasOwn(advice, name) ? (advice[name] ?? '') : 'do the same in a plugin of the kind that runs at this step';
}
