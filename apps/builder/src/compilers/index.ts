import path from 'node:path';
import { NpmDependencies } from '../dependencies/npm.js';
import type { Env } from '../env.js';
import { createSandbox } from '../sandbox/sandbox.js';
import { AssemblyScriptCompiler } from './assemblyscript.js';
import type { Compiler } from './compiler.js';
import { goCompiler } from './go.js';
import { createJavaScriptCompilers } from './javascript.js';
import { RustCompiler } from './rust.js';
import { WatCompiler } from './wat.js';

export interface Compilers {
  readonly all: readonly Compiler[];
  close(): Promise<void>;
}

/** Every compiler there is, one per language. A new language needs its file and a line here. `stateFolder` is this builder's alone. */
export function createCompilers(env: Env, stateFolder: string): Compilers {
  const toolchains = path.resolve(env.TORII_HOME, 'toolchains');
  const cacheOf = (language: string): string => path.join(stateFolder, language);
  const searchPath = env.PATH;
  const sandbox = createSandbox({ mode: env.TORII_BUILD_SANDBOX, searchPath, toolchains, scratch: cacheOf('sandbox') });
  const assemblyscript = new AssemblyScriptCompiler();
  const wat = new WatCompiler();
  const { javascript, typescript, ...javaScriptCompilers } = createJavaScriptCompilers({
    dependencies: new NpmDependencies({
      sandbox,
      folder: cacheOf('npm'),
      searchPath,
      registry: env.TORII_BUILD_NPM_REGISTRY,
      caFile: env.NODE_EXTRA_CA_CERTS,
      limits: { folderMaxBytes: env.TORII_BUILD_NPM_CACHE_BYTES },
    }),
  });
  const go = goCompiler({
    sandbox,
    places: { searchPath, toolchains, goRoot: env.GOROOT, home: env.HOME },
    cacheFolder: cacheOf('go'),
    seedFolder: env.TORII_BUILD_GO_SEEDS,
    proxy: unlessOff(env.TORII_BUILD_GO_PROXY),
    checksumDatabase: unlessOff(env.TORII_BUILD_GO_CHECKSUM_DATABASE),
    modulesMaxBytes: env.TORII_BUILD_GO_MODULES_BYTES,
  });
  const rust = new RustCompiler({
    sandbox,
    searchPath,
    toolchains,
    home: env.HOME,
    cacheFolder: cacheOf('rust'),
    cacheMaxBytes: env.TORII_BUILD_RUST_CACHE_BYTES,
    ...(env.TORII_BUILD_CRATE_HOSTS === undefined ? {} : { crateHosts: env.TORII_BUILD_CRATE_HOSTS }),
  });
  return {
    all: [javascript, typescript, assemblyscript, wat, go, rust],
    async close() {
      await Promise.all([javaScriptCompilers.close(), assemblyscript.close(), wat.close()]);
    },
  };
}

function unlessOff(setting: string): string | undefined {
  return setting === 'off' ? undefined : setting;
}
