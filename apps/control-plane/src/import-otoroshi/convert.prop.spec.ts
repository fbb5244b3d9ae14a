import { expect, it } from '@jest/globals';
import { AppError } from '@torii/contracts';
import fc from 'fast-check';
import { aFileBackend, aFileRoute, aFileSlot, aFileTarget } from '../../test/support/otoroshi-file.js';
import { convertFile } from './convert.js';
import type { Conversion } from './drafts.js';

const options = { compat: 'torii', given: new Map() } as const;

/** The file, or undefined where it is refused as one ought to be. */
function convert(body: unknown): Conversion | undefined {
  try {
    return convertFile(body, options);
  } catch (error) {
    if (error instanceof AppError && error.code === 'client.invalid' && error.issues.length > 0) return undefined;
    throw error;
  }
}

function valueAt(body: unknown, pointer: string): boolean {
  let value = body;
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    // What is missing is pointed to by where it would stand.
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return typeof value === 'object';
    value = (value as Record<string, unknown>)[name];
  }
  return true;
}

function check(body: unknown): void {
  const conversion = convert(body);
  if (conversion === undefined) return;
  const { plugins, routes, findings } = conversion;
  for (const { items } of [findings, ...plugins.map((one) => one.findings), ...routes.map((one) => one.findings)]) {
    for (const { pointer, what, why } of items) expect({ pointer, what, why, isThere: valueAt(body, pointer) }).toMatchObject({ isThere: true });
  }
  const origins = new Set(plugins.map(({ origin }) => origin));
  for (const { slots, target } of routes) {
    for (const { plugin } of slots) expect(origins).toContain(plugin);
    if (target?.kind === 'plugin') expect(origins).toContain(target.plugin);
  }
  expect(convert(body)).toEqual(conversion);
}

const names = [
  ...[
    'routes',
    'wasmPlugins',
    'backends',
    'certificates',
    'config',
    'plugins',
    'slots',
    'ng',
    'frontend',
    'backend',
    'backend_ref',
    'id',
    'name',
    'tags',
  ],
  ...[
    'domains',
    'domain',
    'headers',
    'query',
    'cookies',
    'methods',
    'exact',
    'strip_path',
    'targets',
    'hostname',
    'port',
    'tls_config',
    'root',
    'rewrite',
  ],
  ...['load_balancing', 'type', 'health_check', 'url', 'client', 'proxy', 'source', 'kind', 'path', 'opts', 'raw_source', 'compiler_source', 'steps'],
  ...[
    'authorizations',
    'pluginMapAccess',
    'read',
    'killOptions',
    'plugin',
    'enabled',
    'include',
    'plugin_index',
    '__proto__',
    'constructor',
    'a/b~c',
  ],
];
const texts = [
  'cp:otoroshi.next.plugins.WasmBackend',
  'cp:otoroshi.next.plugins.Redirection',
  'a.example/x',
  '*',
  'Regex(',
  `\${`,
  'local',
  'CallBackend',
];

const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 7, withCrossShrink: true },
    fc.oneof(fc.constantFrom(...texts), fc.string(), fc.double(), fc.boolean(), fc.constant(null)),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.array(fc.tuple(fc.oneof(fc.constantFrom(...names), fc.string()), tie('tree')), { maxLength: 6 }).map(Object.fromEntries),
  ),
}));

it('answers any JSON with a refusal that has a pointer, or with a conversion whose pointers lead into it', () => {
  fc.assert(fc.property(tree, check), { numRuns: 1_000 });
});

it('does so for exports of which any part is anything', () => {
  const slot = fc.tuple(
    fc.constantFrom('WasmBackend', 'WasmPreRoute', 'Redirection', 'StaticResponse', 'Other'),
    tree,
    fc.dictionary(fc.constantFrom(...names), tree),
  );
  const route = fc.record({
    changes: fc.dictionary(fc.constantFrom('id', 'name', 'frontend', 'plugins', 'tags', 'enabled', 'backend_ref', 'novel'), tree, { maxKeys: 2 }),
    backend: fc.dictionary(fc.constantFrom('root', 'rewrite', 'load_balancing', 'client', 'health_check', 'url'), tree, { maxKeys: 2 }),
    target: fc.dictionary(fc.constantFrom('hostname', 'port', 'tls', 'tls_config', 'weight', 'predicate'), tree, { maxKeys: 2 }),
    slots: fc.array(slot, { maxLength: 3 }),
  });
  const body = fc.record({
    routes: fc.array(route, { maxLength: 3 }),
    others: fc.dictionary(fc.constantFrom('wasmPlugins', 'backends', 'config', 'apiKeys'), tree),
  });
  fc.assert(
    fc.property(body, ({ routes, others }) => {
      const file = routes.map(({ changes, backend, target, slots }) => {
        const plugins = slots.map(([className, config, more]) => aFileSlot(className, config as object, more));
        return aFileRoute({ backend: aFileBackend({ targets: [aFileTarget(target)], ...backend }), plugins, ...changes });
      });
      check({ routes: file, ...others });
    }),
    { numRuns: 500 },
  );
});
