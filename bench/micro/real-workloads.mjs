// Modules of real toolchains (packages/test-kit/modules), each with some work for it. `npm run build` first.
import { beginQuickJs, evaluateScript } from '../../packages/test-kit/dist/real-modules/quickjs-script.js';
import { realModule } from '../../packages/test-kit/dist/real-modules/real-module.js';

const modules = {};
for (const name of ['assemblyscript', 'c', 'go', 'quickjs', 'rust']) modules[name] = await realModule(name);

const seed = 12_345;
/** One of which a large tree grows. */
const treeSeed = 27;

function exported(module, name, size, what, withSeed = seed) {
  return { name: `${module}: ${what}`, bytes: modules[module], argument: size, begin: (exports) => (argument) => exports[name](withSeed, argument) };
}

function script(what, source) {
  return {
    name: `quickjs: ${what}`,
    bytes: modules.quickjs,
    argument: source,
    begin: (exports) => {
      beginQuickJs(exports);
      return (argument) => evaluateScript(exports, argument);
    },
  };
}

const search = JSON.stringify({ request: { query: { q: ['8 boulevard du port'] } } });

export const realWorkloads = [
  exported('rust', 'sort', 5_000, 'sort'),
  exported('rust', 'words', 10_000, 'hash map of strings'),
  exported('rust', 'tree', 12, 'tree of boxes', treeSeed),
  exported('c', 'sort', 5_000, 'qsort'),
  exported('c', 'words', 10_000, 'hash table'),
  exported('c', 'floats', 100, 'matrices, vectorised'),
  exported('assemblyscript', 'sort', 2_000, 'sort'),
  exported('assemblyscript', 'text', 200, 'strings'),
  script('loop', '{ let sum = 0; for (let i = 0; i < 50_000; i += 1) sum = (sum * 31 + i) | 0; sum }'),
  script('fib(18)', '{ const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2)); fib(18) }'),
  {
    name: 'go: the geolocation example',
    bytes: modules.go,
    argument: search,
    begin: (exports, host) => (input) => {
      host.kernel.begin(input);
      exports.GetCompleteAddress();
      return host.kernel.output();
    },
  },
];
