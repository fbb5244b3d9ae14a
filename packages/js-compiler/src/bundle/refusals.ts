import { isBuiltin } from 'node:module';

/** Why an import cannot be had whose name is put together. */
export const patternRefusal =
  'import() and require() take the name of one file, written out: what is put together when the function runs cannot be bundled; name each file by itself';

/** Why an import cannot be had from anywhere; undefined for those that may be had. */
export function refusalOf(specifier: string): string | undefined {
  const shown = specifier.length > 200 ? `${specifier.slice(0, 200)}...` : specifier;
  if (specifier.includes('\0')) return 'an import holds a zero character';
  if (specifier.startsWith('/') || /^[A-Za-z]:[\\/]/.test(specifier)) {
    return `"${shown}" is a path of the machine: functions import their own files, by relative paths, and packages`;
  }
  if (specifier.startsWith('node:')) return nodeModule(shown);
  const [, scheme] = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(specifier) ?? [];
  if (scheme !== undefined) return `"${shown}" is a ${scheme}: URL: functions import their own files, by relative paths, and packages`;
  if (specifier.startsWith('#'))
    return `"${shown}" is a name of package.json's "imports", which functions do not have: import the file by its relative path`;
  return undefined;
}

/** Why a package is not there. */
export function missingPackage(specifier: string, hasPackages: boolean): string {
  if (isBuiltin(specifier)) return nodeModule(specifier);
  const name = packageNameOf(specifier);
  const remedy = hasPackages ? 'it is in none of the installed dependencies, or has no such file' : 'add it to "dependencies" in package.json';
  return `the package "${name}" is not there: ${remedy}`;
}

function packageNameOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function nodeModule(specifier: string): string {
  return `"${specifier}" is a module of Node.js, which functions do not run on: use fetch, Host, Config, Var, crypto, TextEncoder and the like`;
}
