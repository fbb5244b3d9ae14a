import { JSON } from "json-as";

/** The request as the client sent it. */
@json
export class RawRequest {
  id: i64 = 0;
  method: string = "";
  headers: Map<string, string> = new Map();
  uri: string = "";
  path: string = "";
  query: Map<string, string[]> = new Map();
  path_params: Map<string, string> = new Map();
  version: string = "";
  tls: bool = false;
  has_body: bool = false;
  remote: string = "";

  /** By its name in any case; null when there is none. */
  header(name: string): string | null {
    return headerIn(this.headers, name);
  }

  /** The first value of a query parameter; null when there is none. */
  queryValue(name: string): string | null {
    return firstIn(this.query, name);
  }
}

/** The request as it goes to the target of the route: `path` without what the route strips. */
@json
export class TargetRequest {
  url: string = "";
  method: string = "";
  headers: Map<string, string> = new Map();
  query: Map<string, string[]> = new Map();
  version: string = "";
  path: string = "";
  path_params: Map<string, string> = new Map();

  /** By its name in any case; null when there is none. */
  header(name: string): string | null {
    return headerIn(this.headers, name);
  }

  /** The first value of a query parameter; null when there is none. */
  queryValue(name: string): string | null {
    return firstIn(this.query, name);
  }
}

/** The response of the target. */
@json
export class TargetResponse {
  status: i32 = 200;
  headers: Map<string, string> = new Map();
}

function headerIn(headers: Map<string, string>, name: string): string | null {
  if (headers.has(name)) return headers.get(name);
  const wanted = name.toLowerCase();
  const names = headers.keys();
  for (let index = 0; index < names.length; index++) {
    if (names[index].toLowerCase() == wanted) return headers.get(names[index]);
  }
  return null;
}

function firstIn(query: Map<string, string[]>, name: string): string | null {
  if (!query.has(name)) return null;
  const values = query.get(name);
  return values.length == 0 ? null : values[0];
}
