import { AppError } from '@torii/contracts';
import { answering, type ServedFunction, textOf } from './served-function.js';

const varsMaxBytes = 1024 * 1024;
/** What an entry takes beside its name and value; without it, many empty ones would take far more than is counted. */
const entryBytes = 256;

/** Extism's `config_get`, `var_get` and `var_set`. A key is the pointer of its block; absent answers 0. */
export const configAndVars: Readonly<Record<string, ServedFunction>> = {
  config_get: answering((guest, [key = 0]) => {
    const name = textOf(guest.kernel.block(key));
    const value = Object.hasOwn(guest.spec.config, name) ? guest.spec.config[name] : undefined;
    return value === undefined ? 0 : guest.kernel.store(value);
  }),

  var_get: answering((guest, [key = 0]) => {
    const value = guest.vars.get(textOf(guest.kernel.block(key)));
    return value === undefined ? 0 : guest.kernel.store(value);
  }),

  /** A value of 0 deletes. It has no result to refuse with, so going over the limit ends the call. */
  var_set: answering((guest, [key = 0, value = 0]) => {
    const { kernel, vars, run } = guest;
    const name = textOf(kernel.block(key));
    const given = value === 0 ? undefined : kernel.block(value);
    const before = sizeOf(name, vars.get(name));
    const after = sizeOf(name, given);
    if (guest.varsBytes - before + after > varsMaxBytes) {
      throw run.end(new AppError('plugin.limit_exceeded', { detail: `the plugin's vars would take more than ${varsMaxBytes} bytes` }));
    }
    guest.varsBytes += after - before;
    if (given === undefined) vars.delete(name);
    else vars.set(name, given.slice());
    return 0;
  }),
};

function sizeOf(name: string, value: Uint8Array | undefined): number {
  return value === undefined ? 0 : entryBytes + name.length + value.length;
}
