import { JSON } from "json-as";
import { decodeBase64 } from "./base64";
import { Host } from "./host";
import { RawRequest, TargetRequest } from "./requests";
import { decodeText } from "./text";

export { RawRequest, TargetRequest };

/** What a function of the kind `request_transformer` is called with. */
@json
export class RequestTransformerInput {
  /** As it goes to the target so far. */
  otoroshi_request: TargetRequest = new TargetRequest();
  /** As the client sent it. */
  request: RawRequest = new RawRequest();
  config: Map<string, string> = new Map();
  request_body_base64: string | null = null;

  bodyText(): string {
    const encoded = this.request_body_base64;
    return encoded === null ? "" : decodeText(decodeBase64(encoded));
  }
}

/** What goes on to the target; what is null stays as it was. Headers take the place of all there were. */
@json
export class RequestTransformerOutput {
  @omitnull()
  method: string | null = null;
  @omitnull()
  url: string | null = null;
  @omitnull()
  headers: Map<string, string> | null = null;
  @omitnull()
  body_str: string | null = null;
}

/** Reads the input, and writes what `transform` makes of it. The value to return from the exported function. */
export function transformRequest(transform: (input: RequestTransformerInput) => RequestTransformerOutput): i32 {
  Host.outputString(JSON.stringify(transform(JSON.parse<RequestTransformerInput>(Host.inputString()))));
  return 0;
}
