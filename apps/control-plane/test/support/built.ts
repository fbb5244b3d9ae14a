import { flushCompileCache } from 'node:module';
import vm from 'node:vm';

/** Node's own `import()`, which jest replaces. */
const importByNode: (specifier: string) => Promise<unknown> = vm.runInThisContext('(specifier) => import(specifier)', {
  filename: import.meta.url,
  importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});

/**
 * A module of the built control plane, by its path in `dist` (`./app.js`), or a package that it uses, by its name.
 *
 * Node loads it, and keeps it for all test files that the process runs: jest would load the thousand modules of a
 * control plane for each of them, which is more work than most of these files are. It has its own copy of every module
 * and of the language, so nothing from here is an `instanceof` of what a test imports, not even an error of `Error`.
 */
export async function built<Module>(specifier: string): Promise<Module> {
  const { href } = new URL(specifier, new URL('../../dist/', import.meta.url));
  const module = (await importByNode(specifier.startsWith('.') ? href : specifier)) as Module;
  // Where there is a NODE_COMPILE_CACHE: a process that had all of it to write when it ends would not end in the time jest gives it.
  flushCompileCache();
  return module;
}
