import { ResponseTransformerInput, ResponseTransformerOutput, transformResponse } from '@torii/pdk/response-transformer';

export function execute(): i32 {
  return transformResponse(addServedBy);
}

function addServedBy(input: ResponseTransformerInput): ResponseTransformerOutput {
  const response = input.otoroshi_response;
  response.headers.set('x-served-by', 'torii');

  const output = new ResponseTransformerOutput();
  output.status = response.status;
  output.headers = response.headers;
  return output;
}
