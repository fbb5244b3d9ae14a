import { configAndVars } from './config-and-vars.js';
import { kernelHttp, proxyHttp } from './http.js';
import { kernelLog, proxyLog } from './log.js';
import { pluginMap } from './plugin-map.js';
import type { ServedFunction } from './served-function.js';

/** Functions of the Extism kernel that the host serves; the others are the kernel's own. */
export const servedKernelFunctions: Readonly<Record<string, ServedFunction>> = { ...configAndVars, ...kernelHttp, ...kernelLog };

/** Otoroshi's host functions that are available, by the names of the contracts' table. */
export const servedHostFunctions: Readonly<Record<string, ServedFunction>> = { ...proxyLog, ...proxyHttp, ...pluginMap };
