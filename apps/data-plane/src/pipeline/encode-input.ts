import type {
  AccessValidatorInput,
  BackendInput,
  PreRouteInput,
  RequestTransformerInput,
  ResponseTransformerInput,
  RouteMatcherInput,
  SnapshotRoute,
} from '@torii/contracts';
import type { Exchange } from './exchange.js';
import { membersOf } from './json-text.js';
import type { ResponseTexts } from './response-texts.js';

// Inputs are put together by hand: what does not change between requests is made JSON once per revision, and what the
// steps of a request have in common once per request.

/** Writes the JSON that a plugin is called with, for one place on one route. */
export type EncodeInput = (exchange: Exchange) => string;
/** The same for a plugin that is called with a response. */
export type EncodeResponseInput = (exchange: Exchange, response: ResponseTexts) => string;

type RouteFacts = Pick<SnapshotRoute, 'id' | 'name'>;

/** `BackendInput`; the body has been read. */
export function backendInput(route: RouteFacts, config: BackendInput['config']): EncodeInput {
  const fixed = membersOf({ backend: null, ...callerFacts, config, route: factsOf(route) } satisfies Partial<BackendInput>);
  return (exchange) => {
    const { texts, outgoing } = exchange;
    return (
      `{${head(exchange)},${fixed},"raw_request":${texts.raw()},` +
      `"request":${texts.asOutgoing(outgoing)},${texts.bodyMembers(outgoing.body ?? noBody)}}`
    );
  };
}

export function routeMatcherInput(route: RouteFacts, config: RouteMatcherInput['config']): EncodeInput {
  const fixed = membersOf({ config, route: factsOf(route) } satisfies Partial<RouteMatcherInput>);
  return (exchange) => `{${head(exchange)},${fixed},"request":${exchange.texts.raw()}}`;
}

export function preRouteInput(route: RouteFacts, config: PreRouteInput['config']): EncodeInput {
  const fixed = membersOf({ global_config: {}, config, route: factsOf(route) } satisfies Partial<PreRouteInput>);
  return (exchange) => `{${head(exchange)},${fixed},"request":${exchange.texts.raw()}}`;
}

export function accessValidatorInput(route: RouteFacts, config: AccessValidatorInput['config']): EncodeInput {
  const fixed = membersOf({ ...callerFacts, config, route: factsOf(route) } satisfies Partial<AccessValidatorInput>);
  return (exchange) => `{${head(exchange)},${fixed},"request":${exchange.texts.raw()}}`;
}

/** `RequestTransformerInput`; the body has been read. */
export function requestTransformerInput(route: RouteFacts, config: RequestTransformerInput['config']): EncodeInput {
  const fixed = membersOf({ ...callerFacts, config, route: factsOf(route) } satisfies Partial<RequestTransformerInput>);
  return (exchange) => {
    const { texts, outgoing } = exchange;
    return (
      `{${head(exchange)},${fixed},"raw_request":${texts.asReceived()},"otoroshi_request":${texts.asOutgoing(outgoing)},` +
      `"request":${texts.raw()},${texts.bodyMembers(outgoing.body ?? noBody)}}`
    );
  };
}

export function responseTransformerInput(route: RouteFacts, config: ResponseTransformerInput['config']): EncodeResponseInput {
  const fixed = membersOf({ ...callerFacts, config, route: factsOf(route) } satisfies Partial<ResponseTransformerInput>);
  return (exchange, response) =>
    `{${head(exchange)},${fixed},"raw_response":${response.raw()},"otoroshi_response":${response.current()},` +
    `"request":${exchange.texts.raw()},${response.bodyMembers()}}`;
}

const noBody = new Uint8Array(0);
const callerFacts = { apikey: null, user: null, global_config: {} } as const;

/** What each call has of its own. */
function head({ request, attributes }: Exchange): string {
  return `"snowflake":"${request.id}","attrs":${attributes.toJson()}`;
}

function factsOf({ id, name }: RouteFacts): { id: string; name: string } {
  return { id, name };
}
