/** Torii's own package for Go; it comes with the builder and is on no proxy. */
export const toriiModule = 'torii';
const toriiVersion = 'v0.0.0';
export const extismPdk = 'github.com/extism/go-pdk';

/** Modules that builds bring along, at the versions that sources get which name none: as Wasmo's builds do, and our own. */
export const broughtModules: ReadonlyMap<string, string> = new Map([
  [toriiModule, toriiVersion],
  [extismPdk, 'v1.1.3'],
  ['github.com/buger/jsonparser', 'v1.1.2'],
]);

/** The one of them that a package is in; undefined for any other package. */
export function broughtModuleOf(packagePath: string): string | undefined {
  return [...broughtModules.keys()].find((module) => packagePath === module || packagePath.startsWith(`${module}/`));
}
