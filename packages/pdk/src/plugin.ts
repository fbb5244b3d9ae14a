import type {
  AccessValidatorInput,
  AccessValidatorOutput,
  BackendInput,
  BackendOutput,
  JobInput,
  PreRouteInput,
  PreRouteOutput,
  RequestTransformerInput,
  RequestTransformerOutput,
  ResponseTransformerInput,
  ResponseTransformerOutput,
  RouteMatcherInput,
  RouteMatcherOutput,
  RouterInput,
  RouterOutput,
  SinkInput,
  SinkMatch,
  SinkOutput,
  WebsocketTransformerInput,
  WebsocketTransformerOutput,
} from './kinds.js';

/** What a module exports: it takes its input from the host, and gives its output there. */
export type PluginFunction = () => void | Promise<void>;

export type Handler<Input, Output> = (input: Input) => Output | Promise<Output>;

/** A function that answers requests itself. */
export function backend(handler: Handler<BackendInput, BackendOutput>): PluginFunction {
  return plugin(handler);
}

/** Lets requests through, or does not. */
export function accessValidator(handler: Handler<AccessValidatorInput, AccessValidatorOutput>): PluginFunction {
  return plugin(handler);
}

/** Changes requests on their way to the target, or answers in its place. */
export function requestTransformer(handler: Handler<RequestTransformerInput, RequestTransformerOutput>): PluginFunction {
  return plugin(handler);
}

/** Changes responses on their way back. */
export function responseTransformer(handler: Handler<ResponseTransformerInput, ResponseTransformerOutput>): PluginFunction {
  return plugin(handler);
}

/** Sees requests before anything else of their route does. */
export function preRoute(handler: Handler<PreRouteInput, PreRouteOutput>): PluginFunction {
  return plugin(handler);
}

/** Says whether a route that matches otherwise is meant. */
export function routeMatcher(handler: Handler<RouteMatcherInput, RouteMatcherOutput>): PluginFunction {
  return plugin(handler);
}

/** Chooses the route. */
export function router(handler: Handler<RouterInput, RouterOutput>): PluginFunction {
  return plugin(handler);
}

/** Says whether it takes a request that no route took; `sinkHandler` then answers it. */
export function sinkMatcher(handler: Handler<SinkInput, SinkMatch>): PluginFunction {
  return plugin(handler);
}

export function sinkHandler(handler: Handler<SinkInput, SinkOutput>): PluginFunction {
  return plugin(handler);
}

/** Changes messages of a websocket, or drops them. */
export function websocketTransformer(handler: Handler<WebsocketTransformerInput, WebsocketTransformerOutput>): PluginFunction {
  return plugin(handler);
}

/** Runs by a schedule; what it answers is looked at by nobody. */
export function job(handler: Handler<JobInput, void>): PluginFunction {
  return () => handler(JSON.parse(Host.inputString()));
}

/** Waits only where the handler does, so that others cost no promise. */
function plugin<Input, Output>(handler: Handler<Input, Output>): PluginFunction {
  return () => {
    const answer = handler(JSON.parse(Host.inputString()));
    return answer instanceof Promise ? answer.then(write) : write(answer);
  };
}

function write(output: unknown): void {
  Host.outputString(JSON.stringify(output));
}
