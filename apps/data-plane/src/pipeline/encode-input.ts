import type {
  AccessValidatorInput,
  BackendInput,
  PreRouteInput,
  RequestTransformerInput,
  ResponseTransformerInput,
  RouteMatcherInput,
  RouterInput,
  SinkHandleInput,
  SinkInput,
} from '@torii/contracts';
import type { Exchange } from './exchange.js';
import { membersOf } from './json-text.js';
import { base64Text, signedBytes } from './request-texts.js';
import type { ResponseTexts } from './response-texts.js';

// Inputs are put together by hand: what does not change between requests is made JSON once per revision, and what the
// steps of a request have in common once per request. An encoder knows its slot and not the route, so that the slots of
// the settings have one each, however many routes there are.

/** Writes the JSON that a plugin is called with, for one slot or target. */
export type EncodeInput = (exchange: Exchange) => string;
/** The same for a plugin that is called with a response. */
export type EncodeResponseInput = (exchange: Exchange, response: ResponseTexts) => string;

/** `BackendInput`; the body has been read. */
export function backendInput(config: BackendInput['config']): EncodeInput {
  const fixed = membersOf({ backend: null, ...callerFacts, config } satisfies Partial<BackendInput>);
  return (exchange) => {
    const { texts, outgoing } = exchange;
    return (
      `{${head(exchange)},${fixed},"raw_request":${texts.raw()},` +
      `"request":${texts.asOutgoing(outgoing)},${texts.bodyMembers(outgoing.body ?? noBody)}}`
    );
  };
}

export function routeMatcherInput(config: RouteMatcherInput['config']): EncodeInput {
  const fixed = membersOf({ config } satisfies Partial<RouteMatcherInput>);
  return (exchange) => `{${head(exchange)},${fixed},"request":${exchange.texts.raw()}}`;
}

export function preRouteInput(config: PreRouteInput['config']): EncodeInput {
  const fixed = membersOf({ global_config: {}, config } satisfies Partial<PreRouteInput>);
  return (exchange) => `{${head(exchange)},${fixed},"request":${exchange.texts.raw()}}`;
}

export function accessValidatorInput(config: AccessValidatorInput['config']): EncodeInput {
  const fixed = membersOf({ ...callerFacts, config } satisfies Partial<AccessValidatorInput>);
  return (exchange) => `{${head(exchange)},${fixed},"request":${exchange.texts.raw()}}`;
}

/** `RequestTransformerInput`; the body has been read. */
export function requestTransformerInput(config: RequestTransformerInput['config']): EncodeInput {
  const fixed = membersOf({ ...callerFacts, config } satisfies Partial<RequestTransformerInput>);
  return (exchange) => {
    const { texts, outgoing } = exchange;
    return (
      `{${head(exchange)},${fixed},"raw_request":${texts.asReceived()},"otoroshi_request":${texts.asOutgoing(outgoing)},` +
      `"request":${texts.raw()},${texts.bodyMembers(outgoing.body ?? noBody)}}`
    );
  };
}

export function responseTransformerInput(config: ResponseTransformerInput['config']): EncodeResponseInput {
  const fixed = membersOf({ ...callerFacts, config } satisfies Partial<ResponseTransformerInput>);
  return (exchange, response) =>
    `{${head(exchange)},${fixed},"raw_response":${response.raw()},"otoroshi_response":${response.current()},` +
    `"request":${exchange.texts.raw()},${response.bodyMembers()}}`;
}

export function routerInput(config: RouterInput['config']): EncodeInput {
  const fixed = membersOf({ config } satisfies Partial<RouterInput>);
  return ({ texts, attributes }) => `{"attrs":${attributes.toJson()},${fixed},"request":${texts.raw()}}`;
}

/** `SinkInput`. */
export function sinkQuestion(config: SinkInput['config']): EncodeInput {
  const fixed = membersOf({ config, ...sinkFacts } satisfies Partial<SinkInput>);
  return (exchange) => `{${routelessHead(exchange)},${fixed},"request":${exchange.texts.raw()}}`;
}

/** `SinkHandleInput`; the body has been read. */
export function sinkInput(config: SinkHandleInput['config']): EncodeInput {
  const fixed = membersOf({ config, ...sinkFacts } satisfies Partial<SinkHandleInput>);
  return (exchange) => {
    const body = exchange.outgoing.body ?? noBody;
    const bodyMembers = `"body_bytes":${signedBytes(body)},"body_base64":"${base64Text(body)}"`;
    return `{${routelessHead(exchange)},${fixed},"request":${exchange.texts.raw()},${bodyMembers}}`;
  };
}

const noBody = new Uint8Array(0);
/** Otoroshi asks its sinks with these, and answers so when none wants the request. */
const sinkFacts = { origin: 'NgReverseProxy', status: 404, message: 'no route found !' } as const;
const callerFacts = { apikey: null, user: null, global_config: {} } as const;

/** What each call has of its own. */
function head(exchange: Exchange): string {
  return `${routelessHead(exchange)},"route":${exchange.request.routeJson}`;
}

function routelessHead({ request, attributes }: Exchange): string {
  return `"snowflake":"${request.id}","attrs":${attributes.toJson()}`;
}
