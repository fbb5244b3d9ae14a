import { createRequire } from 'node:module';
import type { Toolchain } from '@torii/contracts';
import { engineFiles } from './engine/template.js';

/** Names and versions of everything that a module depends on beside its source. Throws when a part of it is missing. */
export function javaScriptToolchain(): Toolchain {
  const { version } = createRequire(import.meta.url)('esbuild/package.json') as { readonly version: string };
  const { manifest, version: engine } = engineFiles();
  return { esbuild: version, 'quickjs-wasi': manifest.quickjsWasi, 'torii-js': engine };
}
