// Who may import whom: one line per package, and no cycles. pnpm's strictness and single `exports` entries do the rest.
const packages = (...names) => names.map((name) => `^packages/${name}/`);
const may = (from, ...to) => ({
  name: `${from}-imports`,
  severity: 'error',
  from: { path: `^${from}/src`, pathNot: '\\.spec\\.ts$' },
  to: { path: '^(apps|packages)/', pathNot: [`^${from}/`, ...packages(...to)] },
});
/** Inside the data plane: http -> pipeline -> {routing, upstream}; config builds them; nothing imports http. */
const never = (from, ...to) => ({
  name: `data-plane-${from}-never`,
  severity: 'error',
  from: { path: `^apps/data-plane/src/${from}/` },
  to: { path: to.map((name) => `^apps/data-plane/src/${name}/`) },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    may('packages/contracts'),
    may('packages/wasm-binary'),
    may('packages/service-kit', 'contracts'),
    may('packages/kv', 'contracts', 'service-kit'),
    may('packages/config-sync', 'contracts', 'service-kit'),
    may('packages/wasm-runtime', 'contracts', 'service-kit', 'wasm-binary', 'kv'),
    may('packages/module-check', 'contracts'),
    may('packages/build-queue', 'contracts', 'service-kit'),
    may('packages/js-compiler', 'contracts', 'service-kit', 'wasm-binary'),
    may('packages/templates', 'contracts'),
    may('packages/pdk'),
    may('packages/local-infra'),
    may('apps/control-plane', 'contracts', 'service-kit', 'config-sync', 'wasm-binary', 'build-queue', 'templates', 'module-check'),
    may('apps/data-plane', 'contracts', 'service-kit', 'config-sync', 'wasm-runtime', 'kv'),
    may('apps/builder', 'contracts', 'service-kit', 'config-sync', 'wasm-binary', 'wasm-runtime', 'kv', 'build-queue', 'js-compiler', 'module-check'),
    {
      name: 'wasm-runtime-kv-types-only',
      severity: 'error',
      from: { path: '^packages/wasm-runtime/src', pathNot: '\\.spec\\.ts$' },
      to: { path: '^packages/kv/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'data-plane-stays-lean',
      severity: 'error',
      from: { path: '^(apps/data-plane|packages/(contracts|service-kit|kv|config-sync|wasm-runtime|wasm-binary))/src' },
      to: { path: 'node_modules/(@nestjs|@prisma|prisma|bullmq|fastify)/' },
    },
    {
      name: 'only-wasm-runtime-imports-extism',
      severity: 'error',
      from: { pathNot: '^packages/wasm-runtime/' },
      to: { path: 'node_modules/@extism/' },
    },
    {
      name: 'test-kit-in-tests-only',
      severity: 'error',
      from: { path: '^(apps|packages)/', pathNot: ['\\.spec\\.ts$', '^(apps|packages)/[^/]+/test/', '^packages/test-kit/'] },
      to: { path: '^packages/test-kit/' },
    },
    never('routing', 'http', 'pipeline', 'config'),
    never('pipeline', 'http', 'config'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|generated)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.specs.json' },
    combinedDependencies: false,
    moduleSystems: ['es6'],
  },
};
