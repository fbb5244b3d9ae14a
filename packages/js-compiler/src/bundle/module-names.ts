/** Where the modules of a bundle come from: esbuild tells of them by this, a colon, and their path there. */
export const namespaces = { source: 'source', pdk: 'pdk', package: 'package' } as const;

/** A module as its author knows it: `index.ts`, `node_modules/long/index.js`, `@torii/pdk/plugin-map.js`. */
export function moduleName(esbuildName: string): string {
  const colon = esbuildName.indexOf(':');
  const name = esbuildName.slice(colon + 1);
  switch (esbuildName.slice(0, Math.max(0, colon))) {
    case namespaces.source:
      return name;
    case namespaces.package:
      return `node_modules/${name}`;
    case namespaces.pdk:
      return `@torii/pdk/${name}`;
    default:
      return esbuildName;
  }
}
