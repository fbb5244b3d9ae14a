import { isSettingsKind, type PluginKind, ServedKind } from '@torii/contracts';
import type { SettingsDraft } from './drafts.js';
import { Fields } from './fields.js';
import { Findings } from './findings.js';
import type { OtoroshiFile } from './otoroshi-file.js';
import { adviceForClass, wasmClass } from './plugin-classes.js';
import { PointerMap } from './pointer-map.js';
import { alwaysDone } from './route-slots.js';
import { readSlots } from './slot.js';
import type { PluginOwner, WasmPlugins } from './wasm-plugins.js';
import { convertWasmSlots } from './wasm-slots.js';

const settingsKinds = ServedKind.options.filter(isSettingsKind);

/** The plugins that run on all routes: those in Wasm as slots of the settings. Undefined where the file has none. */
export function convertGlobalSlots({ globalPlugins }: OtoroshiFile, wasm: WasmPlugins): SettingsDraft | undefined {
  if (globalPlugins === undefined) return undefined;
  const findings = new Findings();
  const owner = new Fields(globalPlugins.value, globalPlugins.pointer, findings);
  const all = readSlots(owner, 'ng');
  if (all.length === 0 && findings.items.length === 0) return undefined;
  const slots = convertWasmSlots(all, { kinds: settingsKinds, wasm, ownerOf });
  for (const { className, enabled, pointer } of all) {
    const known = wasmClass(className);
    if (known !== undefined && isSettingsKind(known.kind)) continue;
    const what = `the global plugin ${className}`;
    if (!enabled) findings.ignored(pointer, what, { why: 'is switched off' });
    else if (Object.hasOwn(alwaysDone, className)) findings.ignored(pointer, what, { why: alwaysDone[className] ?? '' });
    else findings.lost(pointer, what, { why: 'there is no such plugin here', instead: adviceForClass(className) });
  }
  const pointers = new PointerMap(owner.pointerTo('ng'));
  return { pointer: owner.pointerTo('ng'), pointers, findings, slots };
}

/** The same in every file: what an instance of Otoroshi has for all of its routes it has once. */
function ownerOf(kind: PluginKind, position: number): PluginOwner {
  const number = position === 0 ? '' : ` ${position + 1}`;
  return { origin: `global ${kind}${number}`, name: `Global${number}`, description: 'Of all routes in Otoroshi', tags: [] };
}
