import type { BackendOutput } from '@torii/contracts';

/**
 * The value itself where it plainly is a `BackendOutput`: a status, and known fields of plain kinds. Undefined for all
 * else, good or bad, which the schema has to judge. Most outputs are plain, and the schema takes twenty times as long.
 */
export function plainBackendOutput(value: unknown): BackendOutput | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const output: Record<string, unknown> = value as Record<string, unknown>;
  if (!isStatus(output.status)) return undefined;
  for (const name in output) if (!isPlainField(name, output[name])) return undefined;
  return output as unknown as BackendOutput;
}

function isPlainField(name: string, value: unknown): boolean {
  switch (name) {
    case 'status': // checked before
    case 'body_json':
    case 'error':
      return true;
    case 'body_str':
    case 'body':
    case 'body_base64':
      return typeof value === 'string' || value === null;
    case 'headers':
      return value === null || isTexts(value);
    default:
      return value === null && (name === 'cookies' || name === 'body_bytes' || name === 'attrs');
  }
}

function isStatus(status: unknown): boolean {
  return typeof status === 'number' && status >= 200 && status <= 599 && Number.isInteger(status);
}

/** Whether it is an object of texts. What a JSON text calls `__proto__` is left to the schema. */
function isTexts(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const texts: Record<string, unknown> = value as Record<string, unknown>;
  for (const name in texts) if (name === '__proto__' || typeof texts[name] !== 'string') return false;
  return true;
}
