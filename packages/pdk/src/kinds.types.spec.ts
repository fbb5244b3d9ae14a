import { expect, it } from '@jest/globals';
import type * as contracts from '@torii/contracts';
import type * as pdk from './index.js';

/** Whether one type can stand for the other and the other for it. */
type Same<Left, Right> = [Left] extends [Right] ? ([Right] extends [Left] ? true : false) : false;
/** Whether whatever functions write in this type is read in that one. */
type Fits<Written, Read> = [Written] extends [Read] ? true : false;
/** What nodes take for an output before they check it. */
type Read<Schema extends { readonly _zod: { readonly input: unknown } }> = Schema['_zod']['input'];
/** The names of fields of any of the forms of a type. */
type Fields<Type> = Type extends unknown ? keyof Type : never;

it('has the types of inputs that nodes have, checked by the compiler', () => {
  const facts: {
    backend: Same<pdk.BackendInput, contracts.BackendInput>;
    routeMatcher: Same<pdk.RouteMatcherInput, contracts.RouteMatcherInput>;
    preRoute: Same<pdk.PreRouteInput, contracts.PreRouteInput>;
    accessValidator: Same<pdk.AccessValidatorInput, contracts.AccessValidatorInput>;
    requestTransformer: Same<pdk.RequestTransformerInput, contracts.RequestTransformerInput>;
    responseTransformer: Same<pdk.ResponseTransformerInput, contracts.ResponseTransformerInput>;
    router: Same<pdk.RouterInput, contracts.RouterInput>;
    websocketTransformer: Same<pdk.WebsocketTransformerInput, contracts.WebsocketTransformerInput>;
    sinkMatcher: Fits<contracts.SinkInput, pdk.SinkInput>;
    sinkHandler: Fits<contracts.SinkHandleInput, pdk.SinkInput>;
    rawRequest: Same<pdk.RawRequest, contracts.RawRequest>;
    targetRequest: Same<pdk.TargetRequest, contracts.TargetRequest>;
    targetResponse: Same<pdk.TargetResponse, contracts.TargetResponse>;
  } = {
    backend: true,
    routeMatcher: true,
    preRoute: true,
    accessValidator: true,
    requestTransformer: true,
    responseTransformer: true,
    router: true,
    websocketTransformer: true,
    sinkMatcher: true,
    sinkHandler: true,
    rawRequest: true,
    targetRequest: true,
    targetResponse: true,
  };
  expect(Object.values(facts)).not.toContain(false);
});

it('lets functions write only what nodes read', () => {
  const facts: {
    backend: Fits<pdk.BackendOutput, Read<typeof contracts.BackendOutput>>;
    routeMatcher: Fits<pdk.RouteMatcherOutput, Read<typeof contracts.RouteMatcherOutput>>;
    preRoute: Fits<pdk.PreRouteOutput, Read<typeof contracts.PreRouteOutput>>;
    accessValidator: Fits<pdk.AccessValidatorOutput, Read<typeof contracts.AccessValidatorOutput>>;
    requestTransformer: Fits<pdk.RequestTransformerOutput, Read<typeof contracts.RequestTransformerOutput>>;
    responseTransformer: Fits<pdk.ResponseTransformerOutput, Read<typeof contracts.ResponseTransformerOutput>>;
    router: Fits<pdk.RouterOutput, Read<typeof contracts.RouterOutput>>;
    websocketTransformer: Fits<pdk.WebsocketTransformerOutput, Read<typeof contracts.WebsocketTransformerOutput>>;
    sinkMatcher: Fits<pdk.SinkMatch, Read<typeof contracts.SinkMatchesOutput>>;
    sinkHandler: Fits<pdk.SinkOutput, Read<typeof contracts.SinkHandleOutput>>;
    attributes: Same<pdk.AttributeChanges, contracts.AttributeChanges>;
    cookie: Fits<pdk.OutputCookie, contracts.OutputCookie>;
  } = {
    backend: true,
    routeMatcher: true,
    preRoute: true,
    accessValidator: true,
    requestTransformer: true,
    responseTransformer: true,
    router: true,
    websocketTransformer: true,
    sinkMatcher: true,
    sinkHandler: true,
    attributes: true,
    cookie: true,
  };
  expect(Object.values(facts)).not.toContain(false);
});

it('knows every field of an output that nodes read', () => {
  const facts: {
    backend: Same<Fields<pdk.BackendOutput>, keyof contracts.BackendOutput>;
    routeMatcher: Same<Fields<pdk.RouteMatcherOutput>, keyof Read<typeof contracts.RouteMatcherOutput>>;
    preRoute: Same<Fields<pdk.PreRouteOutput>, keyof contracts.PreRouteOutput>;
    accessValidator: Same<Fields<pdk.AccessValidatorOutput>, keyof contracts.AccessValidatorOutput>;
    requestTransformer: Same<Fields<pdk.RequestTransformerOutput>, keyof contracts.RequestTransformerOutput>;
    responseTransformer: Same<Fields<pdk.ResponseTransformerOutput>, keyof contracts.ResponseTransformerOutput>;
  } = { backend: true, routeMatcher: true, preRoute: true, accessValidator: true, requestTransformer: true, responseTransformer: true };
  expect(Object.values(facts)).not.toContain(false);
});
