import type { RawRequest, RequestBody, ResponseBody, TargetRequest, TargetResponse } from './request.js';

// What a plugin of each kind is called with, and what it answers.

/** What all of them are told. */
export interface Context {
  snowflake: string;
  /** The slot's own `config` over the plugin's: a slot's may be any JSON, so look at what a value is before it is used. */
  config: Record<string, unknown>;
  /** The request's attributes when the plugin is called. */
  attrs: Record<string, unknown>;
  route: { id: string; name: string };
}

/** Those that are called for a request of somebody. */
interface CallerContext extends Context {
  apikey: null;
  user: null;
  global_config: Record<string, never>;
}

export interface AttributeChanges {
  clear?: boolean | null | undefined;
  del?: string[] | null | undefined;
  set?: Record<string, unknown> | null | undefined;
}

export interface OutputCookie {
  name: string;
  value: string;
  maxAge?: number | null | undefined;
  path?: string | null | undefined;
  domain?: string | null | undefined;
  secure?: boolean | null | undefined;
  httpOnly?: boolean | null | undefined;
  sameSite?: string | null | undefined;
}

/** A body; of several forms the first that is given counts, in this order. */
export interface OutputBody {
  body_str?: string | null | undefined;
  body?: string | null | undefined;
  body_json?: unknown;
  body_base64?: string | null | undefined;
  body_bytes?: number[] | null | undefined;
}

export interface OutputHead {
  /** What it is unless given depends on the kind: see `BackendOutput`, `ShortCircuit` and `ResponseChanges`. */
  status?: number | undefined;
  headers?: Record<string, string | number | boolean | string[]> | null | undefined;
  cookies?: OutputCookie[] | null | undefined;
  attrs?: AttributeChanges | null | undefined;
}

export interface BackendInput extends CallerContext, RequestBody {
  /** The plugin's own: a target has no other. */
  config: Record<string, string>;
  backend: null;
  raw_request: RawRequest;
  request: TargetRequest;
}

/** An answer, of status 200 unless given. */
export interface BackendOutput extends OutputHead, OutputBody {
  /** Without a body, this becomes the body. */
  error?: unknown;
  /** Leaves the answer to the route's own target. */
  delegates_call?: boolean | null | undefined;
}

/** Instead of going on: this is answered, of status 500 unless given, or 200 by a `preRoute`. */
export interface ShortCircuit extends OutputHead, OutputBody {
  error: true;
}

export interface RequestTransformerInput extends CallerContext, RequestBody {
  raw_request: TargetRequest;
  otoroshi_request: TargetRequest;
  request: RawRequest;
}

/** What is left out stays as it is; headers are replaced as a whole. */
export interface RequestChanges extends Omit<OutputHead, 'status'>, OutputBody {
  error?: false;
  method?: string | null | undefined;
  /** A path with its query, or a URL of the same host. */
  url?: string | null | undefined;
}

export type RequestTransformerOutput = RequestChanges | ShortCircuit;

export interface ResponseTransformerInput extends CallerContext, ResponseBody {
  raw_response: TargetResponse;
  otoroshi_response: TargetResponse;
  request: RawRequest;
}

/** What is left out stays as it is, the status too; headers are replaced as a whole. */
export interface ResponseChanges extends OutputHead, OutputBody {
  error?: false;
}

export type ResponseTransformerOutput = ResponseChanges | ShortCircuit;

export interface AccessValidatorInput extends CallerContext {
  request: RawRequest;
}

export interface AccessValidatorOutput {
  result: boolean;
  /** What is answered when the result is false; status 403 unless given. */
  error?: { message: string; status?: number };
  attrs?: AttributeChanges;
}

export interface PreRouteInput extends Context {
  request: RawRequest;
  global_config: Record<string, never>;
}

export type PreRouteOutput = { error?: false; attrs?: AttributeChanges } | ShortCircuit;

export interface RouteMatcherInput extends Context {
  request: RawRequest;
}

export interface RouteMatcherOutput {
  result: boolean;
}

export interface RouterInput extends Pick<Context, 'config' | 'attrs'> {
  request: RawRequest;
}

/** Anything without a route is no decision. */
export interface RouterOutput {
  /** Its id or name. */
  route?: string | { id?: string; name?: string } | null;
  /** The beginning of the request's path that the route strips, if it does. */
  path?: string;
  path_params?: Record<string, string>;
  /** Otoroshi's; not read. */
  no_more_segments?: boolean;
  attrs?: AttributeChanges;
}

export interface SinkInput extends Omit<Context, 'route'> {
  request: RawRequest;
  origin: string;
  /** That the request would be answered with, and why. */
  status: number;
  message: string;
  /** Of who is to answer; empty without a body. */
  body_bytes?: number[];
  body_base64?: string;
}

export interface SinkMatch {
  result: boolean;
}

export type SinkOutput = OutputHead & OutputBody;

/** A text, or signed bytes. */
export type WebsocketMessage = { kind: 'text'; payload: string } | { kind: 'binary'; payload: number[] };

export interface WebsocketTransformerInput extends Context {
  idx: number;
  request: RawRequest;
  otoroshi_request: TargetRequest;
  target: { hostname: string; port: number; tls: boolean } | null;
  message: WebsocketMessage;
}

export type WebsocketTransformerOutput =
  | { error?: false; message: WebsocketMessage | { kind: 'binary'; payload_base64: string }; attrs?: AttributeChanges }
  | { error: true; statusCode?: number; reason?: string; attrs?: AttributeChanges };

export interface JobInput {
  snowflake: string;
  attrs: Record<string, unknown>;
  global_config: Record<string, never>;
}
