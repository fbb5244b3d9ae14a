import { hostStatus } from '@torii/contracts';
import { z } from 'zod';
import { cleanText, type GuestLogLevel } from './guest-log.js';
import { readJson } from './read-argument.js';
import { answering, type ServedFunction, type ServedFunctions } from './served-function.js';

/** Extism's `log_*`: the argument is the pointer of a block. */
export const kernelLog: ServedFunctions = {
  log_trace: logBlock('trace'),
  log_debug: logBlock('debug'),
  log_info: logBlock('info'),
  log_warn: logBlock('warn'),
  log_error: logBlock('error'),
  get_log_level: answering((guest) => guest.log.extismLevel),
};

/** Otoroshi's levels: 0 trace, 1 debug, 2 info, 3 warn, 4 error, 5 critical, 6 max. */
const otoroshiLevels: readonly GuestLogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'error', 'error'];
const fieldMaxLength = 256;

const LogEvent = z.object({
  function: z.string().nullish(),
  message: z.string(),
  level: z
    .int()
    .min(0)
    .max(otoroshiLevels.length - 1),
  route_id: z.string().nullish(),
});

export const proxyLog: ServedFunctions = {
  proxy_log: answering((guest, [level = -1, pointer = 0, length = 0]) => {
    const name = otoroshiLevels[level];
    if (name === undefined) {
      guest.refuse('bad_argument', 'there is no such level');
      return hostStatus.badArgument;
    }
    const text = guest.take(pointer, length);
    if (text === undefined) return hostStatus.badArgument;
    guest.log.write(name, text);
    return hostStatus.ok;
  }),

  proxy_log_event: answering((guest, args) => {
    const event = readJson(guest, args, LogEvent);
    if (event === undefined) return hostStatus.badArgument;
    const fields = { function: shortText(event.function), routeId: shortText(event.route_id) };
    guest.log.write(otoroshiLevels[event.level] ?? 'info', event.message, fields);
    return hostStatus.ok;
  }),
};

function shortText(text: string | null | undefined): string | undefined {
  return text == null ? undefined : cleanText(text.slice(0, fieldMaxLength));
}

function logBlock(level: GuestLogLevel): ServedFunction {
  return answering((guest, [pointer = 0]) => {
    guest.log.write(level, guest.takeBlock(pointer));
    return 0;
  });
}
