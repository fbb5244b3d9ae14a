import { type PluginKind, ServedKind } from '@torii/contracts';

const prefix = 'cp:otoroshi.next.plugins.';

interface WasmClass {
  readonly kind: PluginKind;
  /** What Otoroshi calls where no function is named. */
  readonly defaultFunction: string;
  /** The key that orders slots of this kind in `plugin_index`. */
  readonly index: string;
}

/** Otoroshi's Wasm plugins, by the name of their class. */
const wasmClasses: Readonly<Record<string, WasmClass>> = {
  WasmRouteMatcher: { kind: 'route_matcher', defaultFunction: 'matches_route', index: 'match_route' },
  WasmPreRoute: { kind: 'pre_route', defaultFunction: 'pre_route', index: 'pre_route' },
  WasmAccessValidator: { kind: 'access_validator', defaultFunction: 'access', index: 'validate_access' },
  WasmRequestTransformer: { kind: 'request_transformer', defaultFunction: 'transform_request', index: 'transform_request' },
  WasmBackend: { kind: 'backend', defaultFunction: 'call_backend', index: 'call_backend' },
  WasmResponseTransformer: { kind: 'response_transformer', defaultFunction: 'transform_response', index: 'transform_response' },
  WasmWebsocketTransformer: { kind: 'websocket_transformer', defaultFunction: 'on_request_message', index: 'handles_websocket' },
  WasmRouter: { kind: 'router', defaultFunction: 'find_route', index: 'router' },
  WasmSink: { kind: 'sink', defaultFunction: 'sink_handle', index: 'sink' },
};

/** Steps of a Wasm plugin's entity, and the class that runs them. */
const classOfStep: Readonly<Record<string, string>> = {
  MatchRoute: 'WasmRouteMatcher',
  PreRoute: 'WasmPreRoute',
  ValidateAccess: 'WasmAccessValidator',
  TransformRequest: 'WasmRequestTransformer',
  CallBackend: 'WasmBackend',
  TransformResponse: 'WasmResponseTransformer',
  Router: 'WasmRouter',
  Sink: 'WasmSink',
};

const advice: Readonly<Record<string, string>> = {
  WasmSink: 'make it a global plugin of Otoroshi, or put it among the plugins of /api/v1/settings',
  WasmRouter: 'make it a global plugin of Otoroshi, or put it among the plugins of /api/v1/settings',
  WasmJob: 'call the module from a scheduler',
  WasmOPA: 'compile the policy into an access_validator',
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

/** Undefined for what is none of them, or of a kind that nodes do not serve. */
export function wasmClass(name: string): WasmClass | undefined {
  const known = Object.hasOwn(wasmClasses, name) ? wasmClasses[name] : undefined;
  return ServedKind.safeParse(known?.kind).success ? known : undefined;
}

export function wasmClassOfStep(step: string): WasmClass | undefined {
  const name = Object.hasOwn(classOfStep, step) ? classOfStep[step] : undefined;
  return name === undefined ? undefined : wasmClass(name);
}

/** What to do about a plugin that is not converted. */
export function adviceForClass(name: string): string {
  return Object.hasOwn(advice, name) ? (advice[name] ?? '') : 'do the same in a plugin of the kind that runs at this step';
}
