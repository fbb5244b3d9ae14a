import { type PluginSource, releasePattern } from '@torii/contracts';
import type { z } from 'zod';
import { nameFrom } from './entity-names.js';
import type { Fields } from './fields.js';

/** Artifacts that the caller gives for modules this import cannot fetch: their sha256, by the path of the source. */
export type GivenModules = ReadonlyMap<string, string>;

/** Where a Wasm plugin of Otoroshi has its module from. */
export interface WasmSource {
  /** In lower case; `unknown` where the file does not say. */
  readonly kind: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly pointer: string;
}

const schemes: Readonly<Record<string, string>> = { http: 'http', https: 'http', file: 'file', base64: 'base64', entity: 'local', local: 'local' };
const fileName = /^(?<name>.+?)-(?<version>\d+\.\d+\.\d+)(?<dev>-dev)?(\.wasm)?$/;
const namedMaxChars = 80;

/** The source of a configuration, in the form it has now or in those it had: `compiler_source`, `raw_source`, `wasm_ref`. */
export function readSource(config: Fields): WasmSource {
  const source = config.object('source');
  const compiler = config.filledText('compiler_source');
  const raw = config.filledText('raw_source');
  const reference = config.filledText('wasm_ref') ?? config.filledText('wasmRef') ?? config.filledText('ref');
  if (source !== undefined) return ofObject(source);
  if (compiler !== undefined) return { kind: 'wasmo', path: compiler, headers: {}, pointer: config.pointerTo('compiler_source') };
  if (raw !== undefined) return ofText(raw, config.pointerTo('raw_source'));
  if (reference !== undefined) return { kind: 'local', path: reference, headers: {}, pointer: config.pointerTo('wasm_ref') };
  return { kind: 'unknown', path: '', headers: {}, pointer: config.pointer };
}

/** What a plugin here would have as its source; undefined, with the reason among the findings, where there is none. */
export function pluginSource(
  { kind, path, headers, pointer }: WasmSource,
  given: GivenModules,
  fields: Fields,
): z.input<typeof PluginSource> | undefined {
  const sha256 = given.get(path);
  if (sha256 !== undefined) return { kind: 'artifact', sha256 };
  if (kind === 'base64') return { kind: 'base64', data: path.replace(/\s+/g, '') };
  if (kind === 'http' && URL.canParse(path)) return { kind: 'http', url: path, headers: { ...headers } };
  if (kind === 'file') return { kind: 'file', path };
  if (kind === 'wasmo') return ofWasmo(path) ?? lost(`the binary ${path} of Wasmo`, 'has no name and version that a function here could have');
  return lost(
    kind === 'unknown' ? 'the module' : `the source ${kind}://${shortened(path)}`,
    kind === 'unknown' ? 'the file does not say where it is' : 'is not known',
  );

  function lost(what: string, why: string): undefined {
    fields.findings.lost(pointer, what, { why, instead: adviceFor(path) });
    return undefined;
  }
}

/** How a module is given to an import by hand, by the path of its source. */
export function adviceFor(path: string): string {
  if (path === '') return 'say in the file where the module is';
  return `upload the module to /api/v1/artifacts, and import again with ?module=${shortened(path)}=<its sha256>`;
}

/** What Wasmo has built as `faas-1.0.0.wasm` is version 1.0.0 of the function `faas` here, and `faas-1.0.0-dev.wasm` its `dev`. */
function ofWasmo(path: string): z.input<typeof PluginSource> | undefined {
  const { name, version, dev } = fileName.exec(path)?.groups ?? {};
  if (name === undefined || version === undefined || !releasePattern.test(version)) return undefined;
  return { kind: 'function', name: nameFrom(name, 'function'), version: dev === undefined ? version : 'dev' };
}

function ofObject(source: Fields): WasmSource {
  const kind = (source.filledText('kind') ?? 'unknown').toLowerCase();
  const path = source.filledText('path') ?? '';
  const pointer = source.pointerTo('path');
  const options = source.object('opts');
  const headers = options === undefined ? [] : options.textsByName('headers');
  options?.ignore('a module is fetched at most once', {
    timeout: 10_000,
    followRedirect: true,
    follow_redirect: true,
    method: 'GET',
    proxy: {},
    tls: {},
  });
  options?.end();
  source.end();
  const named = { wasmmanager: 'wasmo', entity: 'local' }[kind] ?? kind;
  const scheme = /^(base64|file):\/\//.exec(path);
  const plain = scheme === null ? path : path.slice(scheme[0].length);
  return { kind: named, path: plain, headers: Object.fromEntries(headers.map(({ name, text }) => [name, text])), pointer };
}

function ofText(text: string, pointer: string): WasmSource {
  const [, scheme = '', rest = ''] = /^([a-z0-9]+):\/\/(.*)$/s.exec(text) ?? [];
  const kind = Object.hasOwn(schemes, scheme) ? schemes[scheme] : undefined;
  if (kind === undefined) return { kind: 'base64', path: text, headers: {}, pointer };
  return { kind, path: kind === 'http' ? text : rest, headers: {}, pointer };
}

function shortened(path: string): string {
  return path.length <= namedMaxChars ? path : `${path.slice(0, namedMaxChars)}...`;
}
