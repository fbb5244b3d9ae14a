import { JSON } from "json-as";
import { decodeBase64 } from "./base64";
import { Host } from "./host";
import { RawRequest, TargetRequest } from "./requests";
import { decodeText } from "./text";

export { RawRequest, TargetRequest };

/** What a function of the kind `backend` is called with. */
@json
export class BackendInput {
  raw_request: RawRequest = new RawRequest();
  request: TargetRequest = new TargetRequest();
  config: Map<string, string> = new Map();
  request_body_base64: string | null = null;

  body(): Uint8Array {
    const encoded = this.request_body_base64;
    return encoded === null ? new Uint8Array(0) : decodeBase64(encoded);
  }

  bodyText(): string {
    return decodeText(this.body());
  }
}

/** What it answers: a response, whose body is the first of these that is given. */
@json
export class BackendOutput {
  status: i32 = 200;
  headers: Map<string, string> = new Map();
  @omitnull()
  body_str: string | null = null;
  @omitnull()
  body_json: JSON.Raw | null = null;
  @omitnull()
  body_base64: string | null = null;

  static text(body: string, status: i32 = 200): BackendOutput {
    const output = new BackendOutput();
    output.status = status;
    output.headers.set("content-type", "text/plain; charset=utf-8");
    output.body_str = body;
    return output;
  }

  /** The body is a JSON text, such as `JSON.stringify` makes. */
  static json(body: string, status: i32 = 200): BackendOutput {
    const output = new BackendOutput();
    output.status = status;
    output.headers.set("content-type", "application/json");
    output.body_json = new JSON.Raw(body);
    return output;
  }
}

/** Reads the input, and writes what `answer` makes of it. The value to return from the exported function. */
export function backend(answer: (input: BackendInput) => BackendOutput): i32 {
  Host.outputString(JSON.stringify(answer(JSON.parse<BackendInput>(Host.inputString()))));
  return 0;
}
