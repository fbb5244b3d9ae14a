import { attributeFunctions } from './attribute-functions.js';
import { configAndVars } from './config-and-vars.js';
import { datastoreFunctions } from './datastore-functions.js';
import { kernelHttp, proxyHttp } from './http.js';
import { lastError } from './last-error.js';
import { kernelLog, proxyLog } from './log.js';
import { mapFunctions } from './map-functions.js';
import type { ServedFunctions } from './served-function.js';
import { stateFunctions } from './state-functions.js';

/** Functions of the Extism kernel that the host serves; the others are the kernel's own. */
export const servedKernelFunctions: ServedFunctions = { ...configAndVars, ...kernelHttp, ...kernelLog };

/** The host functions, by the names of the contracts' table. */
export const servedHostFunctions: ServedFunctions = {
  ...attributeFunctions,
  ...datastoreFunctions,
  ...lastError,
  ...mapFunctions,
  ...proxyHttp,
  ...proxyLog,
  ...stateFunctions,
};
