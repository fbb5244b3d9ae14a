import { z } from 'zod';

/** Otoroshi's RawRequest: snake-case cookies, arrays in `query`. */
export interface RawRequest {
  id: number;
  method: string;
  headers: Record<string, string>;
  cookies: { name: string; value: string; path: null; domain: null; http_only: boolean; max_age: null; secure: boolean; same_site: null }[];
  tls: boolean;
  uri: string;
  query: Record<string, string[]>;
  path: string;
  version: string;
  has_body: boolean;
  remote: string;
  client_cert_chain: null;
  path_params: Record<string, string>;
}

/** Otoroshi's OtoroshiRequest: the request as it goes to the target, its path stripped where the route says so. */
export interface TargetRequest {
  url: string;
  method: string;
  headers: Record<string, string>;
  query: Record<string, string[]>;
  version: string;
  client_cert_chain: null;
  backend: null;
  cookies: { name: string; value: string; domain: null; path: null; maxAge: null; secure: boolean; httpOnly: boolean }[];
  /** Not in Otoroshi: the stripped path and the named segments, so that a function need not parse the URL. */
  path: string;
  path_params: Record<string, string>;
}

/** What a `backend` plugin is called with. */
export interface BackendInput {
  snowflake: string;
  backend: null;
  apikey: null;
  user: null;
  raw_request: RawRequest;
  /** The plugin's own `config`. */
  config: Record<string, string>;
  global_config: Record<string, never>;
  /** The request's attributes when the plugin is called. */
  attrs: Record<string, unknown>;
  route: { id: string; name: string };
  /** Signed bytes, as Otoroshi sends them; null without a body. */
  request_body_bytes: number[] | null;
  /** Not in Otoroshi: the same bytes, in a third of the size. */
  request_body_base64: string | null;
  request: TargetRequest;
}

const OutputCookie = z.object({
  name: z.string(),
  value: z.string(),
  maxAge: z.number().nullish(),
  max_age: z.number().nullish(),
  path: z.string().nullish(),
  domain: z.string().nullish(),
  secure: z.boolean().nullish(),
  httpOnly: z.boolean().nullish(),
  http_only: z.boolean().nullish(),
  sameSite: z.string().nullish(),
  same_site: z.string().nullish(),
});
export type OutputCookie = z.infer<typeof OutputCookie>;

/** What an output changes about the request's attributes: `clear` first, then `del`, then `set`. */
export const AttributeChanges = z.object({
  clear: z.boolean().nullish(),
  del: z.array(z.string()).nullish(),
  set: z.record(z.string(), z.unknown()).nullish(),
});
export type AttributeChanges = z.infer<typeof AttributeChanges>;

export const OutputStatus = z.int().min(200).max(599);

/**
 * Headers, cookies and the body of an output. Of the five body forms the first that is given wins: `body_str`, `body`,
 * `body_json`, `body_base64`, `body_bytes` (signed or unsigned bytes). A blank text counts as not given.
 */
export const OutputContent = z.object({
  headers: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])).nullish(),
  cookies: z.array(OutputCookie).nullish(),
  body_str: z.string().nullish(),
  body: z.string().nullish(),
  body_json: z.unknown().optional(),
  body_base64: z.string().nullish(),
  body_bytes: z.array(z.int().min(-128).max(255)).nullish(),
});
export type OutputContent = z.infer<typeof OutputContent>;

/** What a `backend` plugin answers. Unknown fields are ignored, as Otoroshi does. */
export const BackendOutput = z.object({
  status: OutputStatus.default(200),
  ...OutputContent.shape,
  /** Without a body, this becomes the body: `error.body_str` as text, anything else as JSON. */
  error: z.unknown().optional(),
  delegates_call: z.boolean().nullish(),
  attrs: AttributeChanges.nullish(),
});
export type BackendOutput = z.infer<typeof BackendOutput>;
