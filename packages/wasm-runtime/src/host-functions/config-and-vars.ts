import { AppError } from '@torii/contracts';
import { textOf } from './read-argument.js';
import { answering, type ServedFunctions } from './served-function.js';

const varsMaxBytes = 1024 * 1024;
/** What an entry takes beside its name and value; without it, many empty ones would take far more than is counted. */
const entryBytes = 256;

/** Extism's `config_get`, `var_get` and `var_set`. A key is the pointer of its block; absent answers 0. */
export const configAndVars: ServedFunctions = {
  config_get: answering((guest, [key = 0]) => {
    const name = textOf(guest.takeBlock(key));
    const value = Object.hasOwn(guest.spec.config, name) ? guest.spec.config[name] : undefined;
    return value === undefined ? 0 : guest.give(value);
  }),

  var_get: answering((guest, [key = 0]) => {
    const value = guest.vars.get(textOf(guest.takeBlock(key)));
    return value === undefined ? 0 : guest.give(value);
  }),

  /** A value of 0 deletes. It has no result to refuse with, so going over the limit ends the call. */
  var_set: answering((guest, [key = 0, value = 0]) => {
    const { vars, run } = guest;
    const name = textOf(guest.takeBlock(key));
    const given = value === 0 ? undefined : guest.takeBlock(value);
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
