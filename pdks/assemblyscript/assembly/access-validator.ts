import { JSON } from "json-as";
import { Host } from "./host";
import { RawRequest } from "./requests";

export { RawRequest };

/** What a function of the kind `access_validator` is called with. */
@json
export class AccessInput {
  request: RawRequest = new RawRequest();
  config: Map<string, string> = new Map();
}

@json
class AccessError {
  message: string = "";
  status: i32 = 403;
}

/** What it answers: whether the request may go on. */
@json
export class AccessOutput {
  result: bool = false;
  @omitnull()
  error: AccessError | null = null;

  static allow(): AccessOutput {
    const output = new AccessOutput();
    output.result = true;
    return output;
  }

  static deny(message: string, status: i32 = 403): AccessOutput {
    const output = new AccessOutput();
    const error = new AccessError();
    error.message = message;
    error.status = status;
    output.error = error;
    return output;
  }
}

/** Reads the input, and writes what `validate` makes of it. The value to return from the exported function. */
export function validateAccess(validate: (input: AccessInput) => AccessOutput): i32 {
  Host.outputString(JSON.stringify(validate(JSON.parse<AccessInput>(Host.inputString()))));
  return 0;
}
