import { beginQuickJs, evaluateScript, type RealModuleName, seededRandom } from '@torii/test-kit';
import type { RealGuest } from './real-guest.js';

/** Something done with a guest of the corpus. */
export interface RealStep {
  /** Says enough to do it again. */
  readonly title: string;
  /** What the guest answers; throws what the guest throws. */
  run(guest: RealGuest): unknown;
}

/** As much work as there is in a step. */
export type Effort = 'small' | 'large';

interface Export {
  readonly name: string;
  /** The largest size it is asked for, at small and at large effort. */
  readonly sizes: Readonly<Record<Effort, number>>;
}

/** How often each export is called. */
const roundsOfCalls = 6;

/** `(seed: i32, size: i32)`, answering a checksum. */
const numeric: readonly Export[] = [
  { name: 'sort', sizes: { small: 40, large: 2_000 } },
  { name: 'words', sizes: { small: 40, large: 2_000 } },
  { name: 'text', sizes: { small: 4, large: 40 } },
  { name: 'floats', sizes: { small: 3, large: 200 } },
  { name: 'tree', sizes: { small: 5, large: 9 } },
  { name: 'fail', sizes: { small: 20, large: 1_000 } },
];
const print: Export = { name: 'print', sizes: { small: 2, large: 30 } };
const jumps: readonly Export[] = ['jumps', 'parses'].map((name) => ({ name, sizes: { small: 20, large: 500 } }));

const exportsOf: Readonly<Partial<Record<RealModuleName, readonly Export[]>>> = {
  assemblyscript: numeric,
  c: [...numeric, print],
  'c-jumps': jumps,
  'c-jumps-exnref': jumps,
  rust: numeric,
};

/** What is done with a module, in this order, on one instance; always the same for the same seed. */
export function realSteps(name: RealModuleName, seed: number, effort: Effort): RealStep[] {
  const initialise: RealStep = { title: 'initialise', run: (guest) => guest.initialise() };
  switch (name) {
    case 'quickjs':
      return [initialise, { title: 'qjs_init', run: ({ exports }) => beginQuickJs(exports) }, ...scriptSteps(seed, effort)];
    case 'go':
      return [initialise, ...searchSteps(seed, effort)];
    default:
      return [initialise, ...callSteps(exportsOf[name] ?? [], seed, effort)];
  }
}

function callSteps(exports: readonly Export[], seed: number, effort: Effort): RealStep[] {
  const random = seededRandom(seed);
  const steps: RealStep[] = [];
  for (let left = roundsOfCalls; left > 0; left -= 1) {
    for (const { name, sizes } of exports) {
      const args = [random(0x7fff_ffff), random(sizes[effort] + 1)];
      steps.push({ title: `${name}(${args.join(', ')})`, run: (guest) => guest.call(name, ...args) });
    }
  }
  return steps;
}

function scriptSteps(seed: number, effort: Effort): RealStep[] {
  const random = seededRandom(seed);
  const size = effort === 'small' ? 10 : 500;
  return scripts.map((script) => {
    const source = `{ const seed = ${random(0x7fff_ffff)}, size = ${1 + random(size)}; ${script} }`;
    return { title: source, run: ({ exports }) => evaluateScript(exports, source) };
  });
}

const scripts = [
  'Array.from({ length: size }, (_, i) => (seed * (i + 1)) % 1009).sort((a, b) => a - b).join()',
  'globalThis.kept = new Map(); for (let i = 0; i < size; i += 1) kept.set("key " + ((seed ^ i) % 97), i); JSON.stringify([...kept])',
  'let text = ""; for (let i = 0; i < size; i += 1) text += String.fromCodePoint(97 + ((seed + i * i) % 26)); text.replace(/([aeiou])(.)/gu, "$2<$1>").toUpperCase()',
  'let sum = 0; for (let i = 1; i <= size; i += 1) sum += Math.sin(seed / i) * Math.sqrt(i) + Math.pow(i, 0.3); sum.toFixed(9)',
  'const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2)); fib(size % 14)',
  'class Shape { #side = size; get area() { return this.#side ** 2; } } class Cube extends Shape { get area() { return super.area * 6; } } new Cube().area',
  'function* count() { for (let i = 0; i < size; i += 1) yield BigInt(seed) ** BigInt(i % 7); } [...count()].reduce((sum, n) => sum ^ n, 1n)',
  'let caught = 0; for (let i = 0; i < size; i += 1) { try { if (i % 3 === 0) throw new RangeError(String(i)); null.x; } catch (e) { caught += e.name.length; } finally { caught += 1; } } caught',
  '[kept.size, typeof Date.now(), Math.random().toFixed(12), new Date(seed * 1000).toISOString()].join(" ")',
  'JSON.stringify(JSON.parse(\'{"a":[\' + "1.5e3,".repeat(size) + \'null],"b":{"c":"\\\\u00e9"}}\'))',
  'throw new TypeError("on purpose " + seed)',
];

/** Calls of the Go example, which asks its host for an address and for what it knew of it before. */
function searchSteps(seed: number, effort: Effort): RealStep[] {
  const random = seededRandom(seed);
  const longest = effort === 'small' ? 40 : 8_000;
  const searches = Array.from({ length: effort === 'small' ? 4 : 10 }, () => `${random(100)} "rue" de l’église ${'é'.repeat(random(longest))}`);
  const inputs = searches.map((search) => JSON.stringify({ request: { query: { q: [search] } } }));
  return [...inputs, '{"request":{}}', '{"request":{"query":{"q":["\\x"]}}}', 'no JSON', ''].map((input) => ({
    title: `GetCompleteAddress of ${input.slice(0, 200)}`,
    run: (guest) => {
      guest.host.kernel.begin(input);
      return `${guest.call('GetCompleteAddress')} ${guest.host.kernel.output()}`;
    },
  }));
}
