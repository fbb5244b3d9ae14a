/** Parts of the host that a module only imports when its source names what needs them. */
export type Feature = 'config' | 'vars' | 'http' | 'console' | 'timers';

let isBuilding = true;
const features = new Set<string>();

/** From now on the module runs: what is called is called by a request, and the host is there. */
export function beginRunning(imported: readonly string[]): void {
  isBuilding = false;
  for (const feature of imported) features.add(feature);
}

/** Whether top-level code runs, which happens once, while the function is built. */
export function isAtBuild(): boolean {
  return isBuilding;
}

/** Throws while the function is built: there is no request and no host then. */
export function expectCall(what: string): void {
  if (isBuilding) {
    throw new Error(`${what} cannot be called at the top level: that code runs once, while the function is built; call it inside of a function`);
  }
}

/** The same, and throws when the module does not import what `name` needs. */
export function expectFeature(feature: Feature, name: string): void {
  expectCall(name);
  if (!features.has(feature)) throw new Error(`${name} is not part of this module: write its name out in the source, so that the build sees it`);
}
