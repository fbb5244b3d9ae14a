import { JSON } from "json-as";
import { decodeBase64 } from "./base64";
import { Host } from "./host";
import { RawRequest, TargetResponse } from "./requests";
import { decodeText } from "./text";

export { RawRequest, TargetResponse };

/** What a function of the kind `response_transformer` is called with. */
@json
export class ResponseTransformerInput {
  /** As it goes to the client so far. */
  otoroshi_response: TargetResponse = new TargetResponse();
  request: RawRequest = new RawRequest();
  config: Map<string, string> = new Map();
  response_body_base64: string | null = null;

  bodyText(): string {
    const encoded = this.response_body_base64;
    return encoded === null ? "" : decodeText(decodeBase64(encoded));
  }
}

/** What goes on to the client; headers and body stay as they were where they are null. */
@json
export class ResponseTransformerOutput {
  status: i32 = 200;
  @omitnull()
  headers: Map<string, string> | null = null;
  @omitnull()
  body_str: string | null = null;
}

/** Reads the input, and writes what `transform` makes of it. The value to return from the exported function. */
export function transformResponse(transform: (input: ResponseTransformerInput) => ResponseTransformerOutput): i32 {
  Host.outputString(JSON.stringify(transform(JSON.parse<ResponseTransformerInput>(Host.inputString()))));
  return 0;
}
