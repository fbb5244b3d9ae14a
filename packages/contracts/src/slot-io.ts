import { z } from 'zod';
import { AttributeChanges, OutputContent, OutputStatus, type RawRequest, type TargetRequest } from './plugin-io.js';

// What plugins in the slots of a route are called with, and what they answer: Otoroshi's forms. docs/plugin-kinds.md
// explains them. Unknown fields of an output are ignored, as Otoroshi does.

/** What every kind is told. */
interface SlotContext {
  snowflake: string;
  /** The slot's own `config` over the plugin's: where both have a name, the slot's value. */
  config: Record<string, unknown>;
  /** The request's attributes when the plugin is called. */
  attrs: Record<string, unknown>;
  route: { id: string; name: string };
}

interface CallerContext extends SlotContext {
  apikey: null;
  user: null;
  global_config: Record<string, never>;
}

/** Otoroshi's OtoroshiResponse. Headers that come several times are joined by a comma; cookies are apart from them. */
export interface TargetResponse {
  status: number;
  headers: Record<string, string>;
  cookies: ResponseCookie[];
}

export interface ResponseCookie {
  name: string;
  value: string;
  domain: string | null;
  path: string | null;
  /** Seconds. */
  maxAge: number | null;
  secure: boolean;
  httpOnly: boolean;
}

export interface RouteMatcherInput extends SlotContext {
  request: RawRequest;
}

export interface PreRouteInput extends SlotContext {
  request: RawRequest;
  global_config: Record<string, never>;
}

export interface AccessValidatorInput extends CallerContext {
  request: RawRequest;
}

export interface RequestTransformerInput extends CallerContext {
  /** As the client sent it. */
  raw_request: TargetRequest;
  /** As it would go to the target now: its path stripped, changed by the transformers before. */
  otoroshi_request: TargetRequest;
  request: RawRequest;
  /** Signed bytes, as Otoroshi sends them; null without a body. */
  request_body_bytes: number[] | null;
  /** Not in Otoroshi: the same bytes, in a third of the size. */
  request_body_base64: string | null;
}

export interface ResponseTransformerInput extends CallerContext {
  /** As the target answered. */
  raw_response: TargetResponse;
  /** As it would be sent now: changed by the transformers before. */
  otoroshi_response: TargetResponse;
  request: RawRequest;
  response_body_bytes: number[] | null;
  /** Not in Otoroshi. */
  response_body_base64: string | null;
}

/** What a router is called with, before a route is looked for. */
export interface RouterInput extends Pick<SlotContext, 'config' | 'attrs'> {
  request: RawRequest;
}

/** What both functions of a sink are called with. There is no route. */
export interface SinkInput extends Omit<SlotContext, 'route'> {
  request: RawRequest;
  origin: 'NgReverseProxy';
  /** What the answer is unless a sink gives one. */
  status: 404;
  message: string;
}

/** What `functionName` of a sink is called with. */
export interface SinkHandleInput extends SinkInput {
  /** Signed bytes, as Otoroshi sends them; none without a body. */
  body_bytes: number[];
  /** Not in Otoroshi. */
  body_base64: string;
}

const attrs = AttributeChanges.nullish();
const isError = z.boolean().nullish();

/** Whether the route is meant. */
export const RouteMatcherOutput = z.object({ result: z.boolean() });

/** Goes on, or with `error: true` answers at once: 200 unless it says otherwise. */
export const PreRouteOutput = z.object({ error: isError, status: OutputStatus.default(200), ...OutputContent.shape, attrs });
export type PreRouteOutput = z.infer<typeof PreRouteOutput>;

/** Lets the request pass, or not: then the status is 403 unless it says otherwise. */
export const AccessValidatorOutput = z.object({
  result: z.boolean(),
  error: z.object({ message: z.string().nullish(), status: z.int().min(400).max(599).nullish() }).nullish(),
  attrs,
});
export type AccessValidatorOutput = z.infer<typeof AccessValidatorOutput>;

/** What is left out stays as it is; with `error: true` this is the response, of status 500 unless it says otherwise. */
export const RequestTransformerOutput = z.object({
  error: isError,
  status: OutputStatus.default(500),
  method: z
    .string()
    .regex(/^[A-Za-z][A-Za-z-]{0,19}$/, 'must be an HTTP method')
    .nullish(),
  url: z.string().min(1).max(65_536).nullish(),
  ...OutputContent.shape,
  attrs,
});
export type RequestTransformerOutput = z.infer<typeof RequestTransformerOutput>;

/** What is left out stays as it is; with `error: true` this is the response, of status 500 unless it says otherwise. */
export const ResponseTransformerOutput = z.object({ error: isError, status: OutputStatus.nullish(), ...OutputContent.shape, attrs });
export type ResponseTransformerOutput = z.infer<typeof ResponseTransformerOutput>;

const RouteReference = z.object({ id: z.string().nullish(), name: z.string().nullish() });

/**
 * The route that gets the request, by its id or name; without one the router has not decided. Otoroshi's routers answer
 * with a whole route: only what names it is read.
 */
export const RouterOutput = z.object({
  route: z.union([z.string(), RouteReference], 'must be the id or the name of a route, or an object with one of them').nullish(),
  /** What `stripPath` strips: the beginning of the request's path, by whole segments. */
  path: z.string().nullish(),
  path_params: z.record(z.string(), z.string()).nullish(),
  attrs,
});
export type RouterOutput = z.infer<typeof RouterOutput>;

/** Whether the sink answers the request. */
export const SinkMatchesOutput = z.object({ result: z.boolean() });

/** The response. */
export const SinkHandleOutput = z.object({ status: OutputStatus.default(200), ...OutputContent.shape, attrs });
export type SinkHandleOutput = z.infer<typeof SinkHandleOutput>;
