import { invalid } from '../http/invalid.js';
import type { Conversion, RouteDraft } from './drafts.js';
import { Fields } from './fields.js';
import { Findings } from './findings.js';
import { convertGlobalSlots } from './global-slots.js';
import { importLimits } from './import-limits.js';
import { type OtoroshiFile, readFile } from './otoroshi-file.js';
import { convertRoute } from './route.js';
import { type WasmPluginOptions, WasmPlugins } from './wasm-plugins.js';

/**
 * What plugins, routes and settings a file of Otoroshi's comes to, and everything of it that does not come along. Nothing is looked up,
 * fetched or written.
 *
 * Throws `client.invalid` for what is no such file, or holds more than an import takes.
 */
export function convertFile(body: unknown, options: WasmPluginOptions): Conversion {
  const findings = new Findings();
  const file = readFile(body, findings);
  if (file === undefined) {
    throw invalid([{ pointer: '', detail: 'must be a route of Otoroshi, a list of routes, or an export that has routes or Wasm plugins' }]);
  }
  refuseTooMany(file);
  const wasm = new WasmPlugins(file.wasmPlugins, options);
  const routes = file.routes.flatMap(({ value, pointer }): RouteDraft[] => {
    const own = new Findings();
    const draft = convertRoute(new Fields(value, pointer, own), { wasm, ...file });
    if (draft === undefined) findings.addAll(own);
    return draft === undefined ? [] : [draft];
  });
  const settings = convertGlobalSlots(file, wasm);
  wasm.addUnused(findings);
  const plugins = wasm.all();
  if (plugins.length > importLimits.pluginsMax) {
    throw invalid([{ pointer: '', detail: `comes to ${plugins.length} plugins, and at most ${importLimits.pluginsMax} are imported at once` }]);
  }
  return { plugins, routes: onceEach(routes, findings), settings, findings };
}

function refuseTooMany({ routes, wasmPlugins }: OtoroshiFile): void {
  const { routesMax, pluginsMax } = importLimits;
  const detail = 'import the file in parts';
  if (routes.length > routesMax)
    throw invalid([{ pointer: '', detail: `has ${routes.length} routes, and at most ${routesMax} are taken: ${detail}` }]);
  if (wasmPlugins.length <= pluginsMax) return;
  throw invalid([{ pointer: '', detail: `has ${wasmPlugins.length} Wasm plugins, and at most ${pluginsMax} are taken: ${detail}` }]);
}

/** Two routes with one id are one route, which is as the first of them says. */
function onceEach(routes: readonly RouteDraft[], findings: Findings): RouteDraft[] {
  const first = new Map<string, RouteDraft>();
  for (const route of routes) {
    const other = first.get(route.origin);
    if (other === undefined) first.set(route.origin, route);
    else
      findings.lost(route.pointer, `the route ${route.origin}`, { why: `stands at ${other.pointer} already`, instead: 'give it an id of its own' });
  }
  return [...first.values()];
}
