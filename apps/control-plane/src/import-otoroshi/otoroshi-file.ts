import { jsonPointer } from '../http/json-pointer.js';
import { isJsonObject, type JsonObject } from '../http/merge-patch.js';
import type { BackendEntities } from './backend-entities.js';
import type { Findings } from './findings.js';
import type { Certificates } from './upstream-peer.js';
import type { WasmEntity } from './wasm-plugins.js';

interface FileEntity {
  readonly value: JsonObject;
  readonly pointer: string;
}

/** What a file has that an import looks at. */
export interface OtoroshiFile {
  readonly routes: readonly FileEntity[];
  readonly wasmPlugins: readonly WasmEntity[];
  readonly backends: BackendEntities;
  readonly certificates: Certificates;
  /** Plugins that run on all routes. */
  readonly globalPlugins: FileEntity | undefined;
}

const collections = {
  routes: ['routes'],
  wasmPlugins: ['wasmPlugins', 'wasm_plugins'],
  backends: ['backends', 'ngbackends'],
  certificates: ['certificates'],
};

/** Parts of an export that are about the export, or about Otoroshi itself. */
const aboutOtoroshi = new Set(['label', 'date', 'dateRaw', 'stats', 'appConfig', 'version', 'admins', 'simpleAdmins', 'drafts']);
const ownSettings = ['config', 'tenants', 'teams', 'errorTemplates', 'dataExporters', 'routeTemplates'];

const advice: Readonly<Record<string, string>> = {
  serviceDescriptors: 'convert them to routes in Otoroshi, and export again',
  routeCompositions: 'export each of their routes as a route',
  services: 'export each of their routes as a route',
  apis: 'export each of their routes as a route',
  apiKeys: 'check keys in an access_validator plugin',
  jwtVerifiers: 'check tokens in an access_validator plugin',
  authConfigs: 'check sessions in an access_validator plugin',
};

/** Reads a route, a Wasm plugin, a list of them, or an export; undefined for what is none of these. */
export function readFile(body: unknown, findings: Findings): OtoroshiFile | undefined {
  if (Array.isArray(body)) return readList(body, '', findings);
  if (!isJsonObject(body)) return undefined;
  if (isRoute(body) || isWasmPlugin(body)) return readList([body], undefined, findings);
  const isExport = [...collections.routes, ...collections.wasmPlugins].some((name) => Array.isArray(body[name]));
  return isExport ? readExport(body, findings) : undefined;
}

/** `pointer` is that of the list; undefined where its only entry is the whole body. */
function readList(list: readonly unknown[], pointer: string | undefined, findings: Findings): OtoroshiFile {
  const routes: FileEntity[] = [];
  const wasmPlugins: WasmEntity[] = [];
  for (const [index, value] of list.entries()) {
    const entity = { value, pointer: pointer === undefined ? '' : `${pointer}/${index}` };
    if (isJsonObject(value) && isWasmPlugin(value)) wasmPlugins.push({ id: idOf(value), value, pointer: entity.pointer });
    else if (isJsonObject(value) && isRoute(value)) routes.push({ value, pointer: entity.pointer });
    else findings.lost(entity.pointer, 'an entry of the list', { why: 'is neither a route nor a Wasm plugin' });
  }
  return { routes, wasmPlugins, backends: new Map(), certificates: new Map(), globalPlugins: undefined };
}

function readExport(body: JsonObject, findings: Findings): OtoroshiFile {
  const entities = (names: readonly string[]): FileEntity[] => names.flatMap((name) => entitiesOf(body, name, findings));
  const certificates = entities(collections.certificates).flatMap(({ value }) =>
    typeof value.chain === 'string' ? [[idOf(value), value.chain] as const] : [],
  );
  reportRest(body, findings);
  return {
    routes: entities(collections.routes),
    wasmPlugins: entities(collections.wasmPlugins).map((entity) => ({ id: idOf(entity.value), ...entity })),
    backends: new Map(entities(collections.backends).map((entity) => [idOf(entity.value), entity])),
    certificates: new Map(certificates),
    globalPlugins: globalPluginsOf(body),
  };
}

function entitiesOf(body: JsonObject, name: string, findings: Findings): FileEntity[] {
  const list = body[name];
  if (!Array.isArray(list)) return [];
  return list.flatMap((value, index) => {
    const pointer = jsonPointer([name, index]);
    if (isJsonObject(value)) return [{ value, pointer }];
    findings.lost(pointer, `an entry of ${name}`, { why: 'is no object', instead: 'correct the file' });
    return [];
  });
}

function reportRest(body: JsonObject, findings: Findings): void {
  const read = Object.values(collections).flat();
  if (Array.isArray(body.certificates) && body.certificates.length > 0) {
    const why = 'only those are taken over that targets are trusted by';
    findings.lost('/certificates', `certificates (${body.certificates.length})`, { why, instead: 'end TLS in front of the nodes' });
  }
  for (const [name, value] of Object.entries(body)) {
    if (read.includes(name) || isNothing(value)) continue;
    const pointer = jsonPointer([name]);
    const what = Array.isArray(value) ? `${name} (${value.length})` : name;
    if (aboutOtoroshi.has(name)) findings.ignored(pointer, what, { why: 'is about Otoroshi itself' });
    else if (ownSettings.includes(name))
      findings.ignored(pointer, what, { why: 'settings of Otoroshi are not taken over, but for its global plugins' });
    else findings.lost(pointer, what, { why: 'are not taken over', instead: adviceOf(name) });
  }
}

/** Kept as `plugins.config.ng`, in either form. */
function globalPluginsOf(body: JsonObject): FileEntity | undefined {
  let value: unknown = body;
  for (const name of ['config', 'plugins', 'config']) value = isJsonObject(value) ? value[name] : undefined;
  return isJsonObject(value) ? { value, pointer: '/config/plugins/config' } : undefined;
}

function adviceOf(name: string): string {
  return Object.hasOwn(advice, name) ? (advice[name] ?? '') : 'see whether the routes that use them need something in their place';
}

function isRoute(value: JsonObject): boolean {
  return 'frontend' in value || 'backend' in value || 'backend_ref' in value;
}

function isWasmPlugin(value: JsonObject): boolean {
  return (
    isJsonObject(value.config) &&
    !isRoute(value) &&
    ('steps' in value || String(value.id ?? '').startsWith('wasm-plugin') || 'source' in value.config)
  );
}

function idOf(value: JsonObject): string {
  return typeof value.id === 'string' ? value.id : typeof value.name === 'string' ? value.name : '';
}

function isNothing(value: unknown): boolean {
  return value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);
}
