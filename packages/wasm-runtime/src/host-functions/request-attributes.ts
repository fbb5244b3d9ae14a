import { AppError, type AttributeChanges } from '@torii/contracts';

const attributesMax = 128;
const keyMaxBytes = 256;
/** Keys and values as JSON, together. */
const attributesMaxBytes = 64 * 1024;

/**
 * What the plugins of one request tell each other: values of any JSON by key. At most 128 attributes of 64 KiB together,
 * keys of 256 bytes. One per request, given to each of its calls.
 */
export class RequestAttributes {
  /** Values as JSON. */
  private readonly values = new Map<string, string>();
  private bytes = 0;

  /** The value as JSON, or undefined when there is none. */
  get(key: string): string | undefined {
    return this.values.get(key);
  }

  /** Takes the value as JSON; false, with nothing changed, when a limit would be exceeded. */
  set(key: string, json: string): boolean {
    const keyBytes = Buffer.byteLength(key);
    const previous = this.values.get(key);
    const previousBytes = previous === undefined ? 0 : keyBytes + Buffer.byteLength(previous);
    const addedBytes = keyBytes + Buffer.byteLength(json) - previousBytes;
    if (keyBytes > keyMaxBytes || this.bytes + addedBytes > attributesMaxBytes) return false;
    if (previous === undefined && this.values.size >= attributesMax) return false;
    this.values.set(key, json);
    this.bytes += addedBytes;
    return true;
  }

  /** Whether it was there. */
  del(key: string): boolean {
    const previous = this.values.get(key);
    if (previous === undefined) return false;
    this.values.delete(key);
    this.bytes -= Buffer.byteLength(key) + Buffer.byteLength(previous);
    return true;
  }

  clear(): void {
    this.values.clear();
    this.bytes = 0;
  }

  /** Others with the same values. */
  copy(): RequestAttributes {
    const copy = new RequestAttributes();
    for (const [key, json] of this.values) copy.values.set(key, json);
    copy.bytes = this.bytes;
    return copy;
  }

  /** All of them as one JSON object. */
  toJson(): string {
    if (this.values.size === 0) return '{}';
    const fields = [...this.values].map(([key, json]) => `${JSON.stringify(key)}:${json}`);
    return `{${fields.join(',')}}`;
  }

  /** Carries out what a plugin's output asks for: `clear`, then `del`, then `set`. Throws `plugin.bad_output` over a limit. */
  apply({ clear, del, set }: AttributeChanges): void {
    if (clear === true) this.clear();
    for (const key of del ?? []) this.del(key);
    for (const [key, value] of Object.entries(set ?? {})) {
      const json = jsonText(value);
      if (json === undefined || !this.set(key, json)) {
        throw new AppError('plugin.bad_output', { detail: `attrs.set: more than ${attributesMax} attributes or ${attributesMaxBytes} bytes` });
      }
    }
  }
}

/** Undefined when the value is nested deeper than can be written. */
export function jsonText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
