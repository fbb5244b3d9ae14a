/** A request as it came in; the names are Otoroshi's. Headers that came more than once are joined by a comma. */
export interface RawRequest {
  id: number;
  method: string;
  headers: Record<string, string>;
  cookies: { name: string; value: string; path: null; domain: null; http_only: boolean; max_age: null; secure: boolean; same_site: null }[];
  tls: boolean;
  /** The path and the query. */
  uri: string;
  query: Record<string, string[]>;
  path: string;
  version: string;
  has_body: boolean;
  remote: string;
  client_cert_chain: null;
  path_params: Record<string, string>;
}

/** A request as it goes to the target, its path stripped where the route says so. */
export interface TargetRequest {
  url: string;
  method: string;
  headers: Record<string, string>;
  query: Record<string, string[]>;
  version: string;
  client_cert_chain: null;
  backend: null;
  cookies: { name: string; value: string; domain: null; path: null; maxAge: null; secure: boolean; httpOnly: boolean }[];
  path: string;
  path_params: Record<string, string>;
}

/** A response of the target. Names of headers are in lower case; `Set-Cookie` is in `cookies` alone. */
export interface TargetResponse {
  status: number;
  headers: Record<string, string>;
  /** `maxAge` in seconds. */
  cookies: {
    name: string;
    value: string;
    domain: string | null;
    path: string | null;
    maxAge: number | null;
    secure: boolean;
    httpOnly: boolean;
  }[];
}

/** The bytes of a request's body: signed, as Otoroshi sends them, and in base64; both null without a body. */
export interface RequestBody {
  request_body_bytes: number[] | null;
  request_body_base64: string | null;
}

export interface ResponseBody {
  response_body_bytes: number[] | null;
  response_body_base64: string | null;
}
