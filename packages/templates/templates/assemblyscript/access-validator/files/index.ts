import { Config } from '@torii/pdk';
import { AccessInput, AccessOutput, validateAccess } from '@torii/pdk/access-validator';

export function execute(): i32 {
  return validateAccess(checkToken);
}

function checkToken(input: AccessInput): AccessOutput {
  const expected = Config.get('token');
  if (expected === null) return AccessOutput.deny('There is no token in the configuration', 500);
  return input.request.header('x-token') == expected ? AccessOutput.allow() : AccessOutput.deny('The header x-token is missing or wrong', 401);
}
