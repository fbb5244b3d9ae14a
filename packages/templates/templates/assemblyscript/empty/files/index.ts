import { Host } from '@torii/pdk';

export function execute(): i32 {
  Host.outputString('Hello, ' + Host.inputString() + '!');
  return 0;
}
