import { PluginLimits } from '../../packages/contracts/dist/index.js';
import { SharedMapTable } from '../../packages/kv/dist/index.js';
import { createLogger, Deadline, systemClock } from '../../packages/service-kit/dist/index.js';
import { createEgress, loadFunction, prepareModule } from '../../packages/wasm-runtime/dist/index.js';

const log = createLogger({ level: 'silent', app: 'bench' });
const overrides = new Map();
const egress = createEgress({ privateCidrs: [], overrides, connectTimeoutMs: 1_000 }, { clock: systemClock, log });
// Much time: on a busy machine a guest may be interrupted for longer than it computes.
const limits = PluginLimits.parse({ cpuMs: 10_000, memoryMaxBytes: 67_108_864, requestMaxBytes: 1_048_576 });

const mapBytes = 4 * 1024 * 1024;
const maps = SharedMapTable.create(mapBytes);
maps.open('bench', { maxBytes: mapBytes, maxKeys: 1_000, policy: 'refuse' });
const openMap = () => maps.map('bench');
const stores = { pluginMap: openMap, globalMap: openMap, pluginDatastore: openMap, globalDatastore: openMap };
const nothing = () => '{}';
const state = { all: nothing, entity: () => undefined, globalConfig: nothing, nodeConfig: nothing, nodeState: nothing };

export function prepare(bytes) {
  return prepareModule(bytes, limits);
}

/** The pool of one plugin in this process, as a data thread has it, without HTTP around it. */
export function load(prepared, part = {}) {
  const spec = {
    pluginId: 'pl_bench',
    pluginName: 'bench',
    pluginVersion: 1,
    functionName: 'run',
    allowedHosts: [],
    allowPrivate: false,
    grants: [],
    config: {},
    isolation: 'reuse',
    limits,
    ...part,
  };
  return loadFunction(spec, prepared, { clock: systemClock, log, egress, stores, state });
}

const byteLength = (output) => output.length;

/** One call; resolves with the number of bytes the guest wrote. */
export async function call(pool, input) {
  const { output } = await pool.call(input, { requestId: 'rq_bench', deadline: Deadline.after(60_000, systemClock), log, read: byteLength });
  return output;
}
