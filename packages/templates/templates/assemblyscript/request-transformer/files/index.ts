import { RequestTransformerInput, RequestTransformerOutput, transformRequest } from '@torii/pdk/request-transformer';

export function execute(): i32 {
  return transformRequest(addOriginalPath);
}

function addOriginalPath(input: RequestTransformerInput): RequestTransformerOutput {
  const headers = input.otoroshi_request.headers;
  headers.set('x-original-path', input.request.path);

  const output = new RequestTransformerOutput();
  output.headers = headers;
  return output;
}
