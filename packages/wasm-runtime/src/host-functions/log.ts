import type { GuestLogLevel } from './guest-log.js';
import { answering, hostStatus, type ServedFunction } from './served-function.js';

/** Extism's `log_*`: the argument is the pointer of a block. */
export const kernelLog: Readonly<Record<string, ServedFunction>> = {
  log_trace: logBlock('trace'),
  log_debug: logBlock('debug'),
  log_info: logBlock('info'),
  log_warn: logBlock('warn'),
  log_error: logBlock('error'),
  get_log_level: answering((guest) => guest.log.extismLevel),
};

/** Otoroshi's levels: 0 trace, 1 debug, 2 info, 3 warn, 4 error, 5 critical, 6 max. */
const otoroshiLevels: readonly GuestLogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'error', 'error'];

export const proxyLog: Readonly<Record<string, ServedFunction>> = {
  proxy_log: answering((guest, [level = -1, pointer = 0, length = 0]) => {
    const name = otoroshiLevels[level];
    if (name === undefined) return hostStatus.badArgument;
    guest.log.write(name, guest.kernel.read(pointer, length));
    return hostStatus.ok;
  }),
};

function logBlock(level: GuestLogLevel): ServedFunction {
  return answering((guest, [pointer = 0]) => {
    guest.log.write(level, guest.kernel.block(pointer));
    return 0;
  });
}
