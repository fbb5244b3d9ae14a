import { hostFunctionNamespaces } from '@torii/contracts';
import type { TemplateImport } from './template-parts.js';

/** Of the kernel and of WASI, what a module imports only when its source names what needs it. */
const features: Readonly<Record<string, { readonly words: readonly string[]; readonly imports: readonly string[] }>> = {
  config: { words: ['Config'], imports: ['config_get'] },
  vars: { words: ['Var'], imports: ['var_get', 'var_set'] },
  http: { words: ['Http', 'fetch', 'Request'], imports: ['http_request', 'http_status_code', 'http_headers'] },
  console: { words: ['console'], imports: ['log_trace', 'log_debug', 'log_info', 'log_warn', 'log_error'] },
  timers: { words: ['setTimeout', 'setInterval'], imports: ['poll_oneoff'] },
};

const optional = new Set(Object.values(features).flatMap(({ imports }) => imports));
const [, , userNamespace] = hostFunctionNamespaces;

export interface UsedImports {
  readonly features: readonly string[];
  readonly hostFunctions: readonly string[];
  readonly has: (entry: TemplateImport) => boolean;
}

/**
 * What a bundle needs of the host, by the words that are written out in it, as identifiers, properties or in texts. That
 * may be too much, never too little, for whoever writes names out; the prelude says so to whoever does not. It matters:
 * a module that imports a host function needs its grant, and one that imports what waits is called in a slower way.
 */
export function usedImports(bundle: string, hostFunctions: readonly string[]): UsedImports {
  const words = new Set(bundle.match(/[\w$]+/g));
  const usedFeatures = Object.entries(features).filter(([, feature]) => feature.words.some((word) => words.has(word)));
  const usedFunctions = hostFunctions.filter((name) => words.has(name));
  const imported = new Set([...usedFeatures.flatMap(([, { imports }]) => imports), ...usedFunctions]);
  return {
    features: usedFeatures.map(([name]) => name),
    hostFunctions: usedFunctions,
    has: ({ module, name }) => {
      if (module === 'torii:build') return false;
      return module === userNamespace || optional.has(name) ? imported.has(name) : true;
    },
  };
}
