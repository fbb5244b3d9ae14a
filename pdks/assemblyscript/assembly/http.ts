import { http_headers, http_request, http_status_code } from "./lib/env";
import { entriesOf, objectOf, quote } from "./json-text";
import { Memory } from "./memory";
import { decodeText, encodeText } from "./text";

export class HttpRequest {
  headers: Map<string, string> = new Map();
  body: Uint8Array | null = null;

  constructor(
    public url: string,
    public method: string = "GET",
  ) {}

  setHeader(name: string, value: string): HttpRequest {
    this.headers.set(name, value);
    return this;
  }

  setText(body: string): HttpRequest {
    this.body = encodeText(body);
    return this;
  }
}

export class HttpResponse {
  constructor(
    /** 0 when there was no answer: the host is not among the plugin's `allowedHosts`, or could not be reached in time. */
    public status: i32,
    /** By their names in lower case. */
    public headers: Map<string, string>,
    public body: Uint8Array,
  ) {}

  text(): string {
    return decodeText(this.body);
  }
}

/** Calls to the hosts among the plugin's `allowedHosts`. Other requests go on meanwhile. */
export namespace Http {
  export function get(url: string): HttpResponse {
    return request(new HttpRequest(url));
  }

  export function request(request: HttpRequest): HttpResponse {
    const asked =
      '{"url":' + quote(request.url) + ',"method":' + quote(request.method) + ',"headers":' + objectOf(request.headers) + "}";
    const body = request.body;
    const bodyPointer: u64 = body === null || body.length == 0 ? 0 : Memory.allocateBytes(body).offset;
    const answer = Memory.find(http_request(Memory.allocateString(asked).offset, bodyPointer));
    const headers = Memory.find(http_headers());
    return new HttpResponse(
      http_status_code(),
      headers === null ? new Map<string, string>() : entriesOf(headers.toString()),
      answer === null ? new Uint8Array(0) : answer.toUint8Array(),
    );
  }
}
