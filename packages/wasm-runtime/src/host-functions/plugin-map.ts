import { z } from 'zod';
import type { Guest } from '../guest.js';
import { hostStatus, jsonOf, type ServedFunction, suspending, textOf } from './served-function.js';

const keyMaxBytes = 4096;

const Entry = z.object({ key: z.string(), value: z.string() });

const encoder = new TextEncoder();

/** The plugin's own map. When its store cannot be reached, a read finds nothing and a write answers `InternalFailure`. */
export const pluginMap: Readonly<Record<string, ServedFunction>> = {
  /** The value's block; 0, which every guest reads as an empty block, when there is none. */
  proxy_plugin_map_get: suspending((guest, [pointer = 0, length = 0]) => {
    const key = keyAt(guest, pointer, length);
    if (key === undefined) return 0;
    return attempt(
      guest,
      () => guest.map.get(key),
      (value) => (value === undefined ? 0 : guest.kernel.store(value)),
      () => 0,
    );
  }),

  proxy_plugin_map_set: suspending((guest, [pointer = 0, length = 0]) => {
    const entry = Entry.safeParse(jsonOf(guest.kernel.read(pointer, length)));
    if (!entry.success || Buffer.byteLength(entry.data.key) > keyMaxBytes) return hostStatus.badArgument;
    const { key, value } = entry.data;
    return attempt(
      guest,
      () => guest.map.set(key, encoder.encode(value)),
      (refusal) => {
        if (refusal === undefined) return hostStatus.ok;
        guest.run.log.warn({ pluginId: guest.spec.pluginId, refusal }, 'map write refused');
        return hostStatus.internalFailure;
      },
      () => hostStatus.internalFailure,
    );
  }),

  /** Answers text, not a number, as Otoroshi does. */
  proxy_plugin_map_del: suspending((guest, [pointer = 0, length = 0]) => {
    const key = keyAt(guest, pointer, length);
    if (key === undefined) return guest.kernel.store('StatusBadArgument');
    return attempt(
      guest,
      () => guest.map.del(key),
      () => guest.kernel.store('StatusOK'),
      () => guest.kernel.store('StatusInternalFailure'),
    );
  }),
};

function keyAt(guest: Guest, pointer: number, length: number): string | undefined {
  if (length > keyMaxBytes) return undefined;
  return textOf(guest.kernel.read(pointer, length));
}

/** Does not suspend the guest when the store answers at once. */
function attempt<T>(
  guest: Guest,
  operation: () => Promise<T> | T,
  onAnswer: (answer: T) => number,
  onFailure: () => number,
): number | Promise<number> {
  const failed = (error: unknown): number => {
    guest.run.log.warn({ err: error, pluginId: guest.spec.pluginId }, 'map not reachable');
    return onFailure();
  };
  try {
    const answer = operation();
    return answer instanceof Promise ? answer.then(onAnswer, failed) : onAnswer(answer);
  } catch (error) {
    return failed(error);
  }
}
