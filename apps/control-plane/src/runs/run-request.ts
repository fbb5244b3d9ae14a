import {
  AppError,
  type Artifact,
  type BuilderRunRequest,
  type FieldIssue,
  FunctionRunRequest,
  FunctionSettings,
  type FunctionSettingsPatch,
  runLimits,
} from '@torii/contracts';
import { invalid } from '../http/invalid.js';
import { jsonPointer } from '../http/json-pointer.js';
import { fieldIssues } from '../http/zod-issues.js';
import { checkModule } from '../plugins/check-module.js';

const { shape } = FunctionSettings;

/** What a builder is asked for a run of that module; throws `client.invalid` with every problem of the request. */
export function builderRunRequest(request: FunctionRunRequest, settings: FunctionSettings, artifact: Artifact): BuilderRunRequest {
  const merged = mergeSettings(settings, request.settings ?? {});
  const functionName = request.functionName ?? merged.functionName ?? onlyFunctionOf(artifact);
  const issues = checkModule(artifact, { ...merged, functionName, wasi: true }).map(atRequest);
  if (issues.length > 0) throw invalid(issues);
  return { sha256: artifact.sha256, functionName, inputBase64: inputOf(request), settings: merged };
}

/** Settings of the request take the place of the function's own, each by itself, and each limit by itself. */
function mergeSettings(settings: FunctionSettings, patch: FunctionSettingsPatch): FunctionSettings {
  const merged = FunctionSettings.safeParse({ ...settings, ...patch, limits: { ...settings.limits, ...patch.limits } });
  if (merged.success) return merged.data;
  throw invalid(fieldIssues(merged.error, FunctionSettings, (path) => jsonPointer(['settings', ...path])));
}

function onlyFunctionOf({ exports }: Artifact): string {
  const callable = exports.filter(({ kind, name, params = [] }) => kind === 'function' && params.length === 0 && !name.startsWith('_'));
  const [only, ...others] = callable;
  if (only !== undefined && others.length === 0) return only.name;
  const names = callable.map(({ name }) => name).join(', ');
  throw invalid([{ pointer: '/functionName', detail: `is required: the module exports ${names === '' ? 'no function that can be called' : names}` }]);
}

function inputOf({ input, inputBase64 }: FunctionRunRequest): string {
  if (input !== undefined && inputBase64 !== undefined) throw invalid([{ pointer: '/inputBase64', detail: 'give it or input, not both' }]);
  const pointer = inputBase64 === undefined ? '/input' : '/inputBase64';
  const bytes = inputBase64 === undefined ? Buffer.from(textOf(input)) : Buffer.from(inputBase64, 'base64');
  if (bytes.length <= runLimits.inputMaxBytes) return bytes.toString('base64');
  throw new AppError('client.body_too_large', {
    detail: `${pointer}: has ${bytes.length} bytes; a run takes ${runLimits.inputMaxBytes}`,
    issues: [{ pointer, detail: `may have ${runLimits.inputMaxBytes} bytes` }],
  });
}

function textOf(input: FunctionRunRequest['input']): string {
  if (input === undefined) return '';
  return typeof input === 'string' ? input : JSON.stringify(input);
}

/** What is wrong with a module is told of the fields that the request has. */
function atRequest({ pointer, ...issue }: FieldIssue): FieldIssue {
  if (pointer === '/functionName') return { pointer, ...issue };
  const [, field = ''] = pointer.split('/');
  return { pointer: field in shape ? `/settings${pointer}` : '/version', ...issue };
}
