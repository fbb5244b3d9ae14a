import type { FunctionSettings, ModuleExport, PluginKind } from '@torii/contracts';
import { callableFunctions } from '../verify/check-exports.js';

/** What Otoroshi calls when it is not told which function; `execute` is that of its templates. */
const customaryNames: Readonly<Partial<Record<PluginKind, readonly string[]>>> = {
  backend: ['call_backend'],
  request_transformer: ['transform_request'],
  response_transformer: ['transform_response'],
  access_validator: ['access', 'can_access'],
  pre_route: ['pre_route'],
  route_matcher: ['matches_route'],
  router: ['find_route'],
  sink: ['sink_matches', 'sink_handle'],
  job: ['job_run'],
  websocket_transformer: ['on_request_message', 'on_response_message'],
};
const namedMax = 10;

export interface Choice {
  readonly functionName: string;
  /** Why this one should not be called, if that is so. */
  readonly whyNot?: string;
}

/** The function to call of a module when nobody says which; where that is open, one to make an instance for. */
export function chooseFunction(exports: readonly ModuleExport[], settings: Pick<FunctionSettings, 'kind' | 'functionName'>): Choice {
  if (settings.functionName !== undefined) return { functionName: settings.functionName };
  const callable = callableFunctions(exports);
  const customary = [...(customaryNames[settings.kind] ?? []), 'execute'].find((name) => callable.includes(name));
  if (customary !== undefined) return { functionName: customary };
  const [only = '', ...others] = callable;
  if (others.length === 0) return { functionName: only };
  const names = callable.slice(0, namedMax).join(', ');
  return { functionName: only, whyNot: `the module exports ${names}: name the one to call as functionName of the settings, or write a test input` };
}
