import { BackendInput, BackendOutput, backend } from '@torii/pdk/backend';
import { JSON } from 'json-as';

@json
class Greeting {
  message: string = '';
  path: string = '';
}

export function execute(): i32 {
  return backend(greet);
}

function greet(input: BackendInput): BackendOutput {
  const name = input.request.queryValue('name');
  if (name === null) return BackendOutput.text('Say who you are: ?name=...', 400);

  const greeting = new Greeting();
  greeting.message = 'Hello, ' + name + '!';
  greeting.path = input.request.path;
  return BackendOutput.json(JSON.stringify(greeting));
}
