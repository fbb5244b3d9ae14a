import { AllowedHost, type PluginKind, PluginSpec, type PluginSpecInput, unavailableInPlugin } from '@torii/contracts';
import { readAuthorizations } from './authorizations.js';
import type { Fields } from './fields.js';
import type { PointerMap } from './pointer-map.js';
import { convertLimits } from './wasm-limits.js';
import { adviceFor, type GivenModules, pluginSource, type WasmSource } from './wasm-source.js';

type Spec = Omit<PluginSpecInput, 'name' | 'tags'>;

export interface WasmConfigOptions {
  readonly kind: PluginKind;
  /** What Otoroshi calls where no function is named. */
  readonly defaultFunction: string;
  /** The function that a slot names in place of its entity's. */
  readonly slotFunction: string | undefined;
  readonly description: string;
  readonly compat: 'torii' | 'otoroshi';
  readonly given: GivenModules;
  readonly pointers: PointerMap;
}

/** A plugin as Otoroshi configures it; undefined, with the reason among the findings, when its module cannot be had. */
export function convertWasmConfig(config: Fields, source: WasmSource, options: WasmConfigOptions): Spec | undefined {
  const { findings } = config;
  const ownFunction = config.filledText('functionName');
  const { grants, mayCallHttp, httpCallMs } = readAuthorizations(config);
  const variables = config.textsByName('config');
  const allowedHosts = readHosts(config, mayCallHttp);
  const paths = config.textsByName('allowedPaths');
  const wasi = config.flag('wasi') ?? false;
  const limits = convertLimits(config, httpCallMs);
  if (config.flag('httpWasm') === true) {
    findings.lost(config.pointerTo('httpWasm'), 'httpWasm', { why: 'modules of http-wasm cannot run here', instead: 'build it with an Extism PDK' });
  }
  if (config.flag('opa') === true) {
    findings.lost(config.pointerTo('opa'), 'opa', { why: 'policies cannot run here', instead: 'compile the policy into an access_validator' });
  }
  // Imports are found under each of the names they may have.
  config.skip('isJS');
  config.ignore('instances are kept and replaced by the limits of the plugin', { lifetime: 'Forever', preserve: true });
  config.end();
  const module = pluginSource(source, options.given, config);
  for (const [field, place] of [
    ['/source', source.pointer],
    ['/functionName', config.pointerTo('functionName')],
    ['/hostFunctions', config.pointerTo('authorizations')],
    ['/wasi', config.pointerTo('wasi')],
    ['/limits/memoryMaxBytes', config.pointerTo('memoryPages')],
  ] as const) {
    options.pointers.set(field, place);
  }
  if (module === undefined) return undefined;
  const spec: Spec = {
    description: options.description.slice(0, 2_000),
    kind: options.kind,
    source: module,
    functionName: options.slotFunction ?? ownFunction ?? options.defaultFunction,
    wasi,
    allowedHosts,
    allowedPaths: Object.fromEntries(paths.map(({ name, text }) => [name, text])),
    hostFunctions: grants,
    config: Object.fromEntries(variables.map(({ name, text }) => [name, text])),
    compat: options.compat,
    limits,
  };
  return withoutUnavailable(spec, config, source);
}

/** Here one list says which hosts may be called, whichever way, and none means none. */
function readHosts(config: Fields, mayCallHttp: boolean): string[] {
  const given = config.texts('allowedHosts');
  const instead = 'name the hosts it calls in allowedHosts, exactly or as *.suffix';
  if (given.length === 0 && mayCallHttp) {
    config.findings.lost(config.pointerTo('allowedHosts'), 'access to every host', { why: 'without allowedHosts a plugin may call none', instead });
  }
  return given.flatMap(({ text, pointer }) => {
    if (AllowedHost.safeParse(text).success) return [text];
    config.findings.lost(pointer, `the allowed host ${text}`, { why: 'is neither a host nor *.suffix', instead });
    return [];
  });
}

/** What nodes cannot do yet is left out of the plugin, unless that leaves nothing to run. */
function withoutUnavailable(spec: Spec, config: Fields, source: WasmSource): Spec | undefined {
  const parsed = PluginSpec.safeParse({ ...spec, name: 'imported' });
  const refused = parsed.success ? unavailableInPlugin(parsed.data) : [];
  let rest = spec;
  for (const { pointer, detail } of refused) {
    if (pointer === '/allowedPaths') {
      rest = { ...rest, allowedPaths: {} };
      config.findings.lost(config.pointerTo('allowedPaths'), 'allowedPaths', {
        why: detail,
        instead: 'give the plugin what it reads in config, or in a map',
      });
    } else {
      config.findings.lost(source.pointer, 'the plugin', { why: detail, instead: adviceFor(source.path) });
      return undefined;
    }
  }
  return rest;
}
