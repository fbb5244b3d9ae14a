interface Instance {
  readonly exports: Readonly<Record<string, unknown>>;
}
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports?: object) => Instance;
};

/** Everything that can be seen of a run of a module made by `randomGuest`. */
export interface Observation {
  /** Per call what it returned, or how it trapped. */
  readonly outcomes: readonly string[];
  readonly globals: readonly string[];
  readonly memoryPages: number;
  readonly memoryHash: number;
}

export interface ObservedRun {
  readonly observation: Observation;
  /** How often the yield hook was called. */
  readonly checks: number;
}

/** Calls every `f<n>` that the module exports, twice, with a yield hook that refills `fuelPerCheck` if it was rewritten. */
export function observeGuest(bytes: Uint8Array, fuelPerCheck: number): ObservedRun {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  let checks = 0;
  const fuel = exports['torii:fuel'] as { value: number } | undefined;
  const yieldTable = exports['torii:yield'] as { set(index: number, value: unknown): void } | undefined;
  if (fuel !== undefined && yieldTable !== undefined) {
    const check = (): void => {
      checks += 1;
      fuel.value = fuelPerCheck;
    };
    yieldTable.set(0, new WebAssembly.Instance(new WebAssembly.Module(gate), { h: { c: check } }).exports.c);
  }
  const turns = exports.turns as { value: number };
  const fullTurns = turns.value;
  const outcomes: string[] = [];
  for (const argument of [3, -70_000]) {
    for (let index = 0; ; index += 1) {
      const run = exports[`f${index}`] as ((a: number, b: bigint) => unknown) | undefined;
      if (run === undefined) break;
      turns.value = fullTurns;
      outcomes.push(outcomeOf(() => run(argument, BigInt(argument) * 1_000_003n)));
    }
  }
  const memory = exports.memory as { readonly buffer: ArrayBuffer };
  const globals = ['g0', 'g1', 'turns'].map((name) => String((exports[name] as { value: unknown }).value));
  return { checks, observation: { outcomes, globals, memoryPages: memory.buffer.byteLength / 65_536, memoryHash: hash(memory.buffer) } };
}

/** (module (import "h" "c" (func)) (export "c" (func 0))) with a function between them: tables take only those of wasm. */
const gate = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 2, 7, 1, 1, 0x68, 1, 0x63, 0, 0],
  ...[3, 2, 1, 0, 7, 5, 1, 1, 0x63, 0, 1, 10, 6, 1, 4, 0, 0x10, 0, 0x0b],
);

function outcomeOf(run: () => unknown): string {
  try {
    return String(run());
  } catch (error) {
    const { message } = error as { readonly message?: string };
    return `${(error as object).constructor.name}: ${message ?? ''}`;
  }
}

function hash(buffer: ArrayBuffer): number {
  let value = 0x811c9dc5;
  for (const word of new Int32Array(buffer)) value = Math.imul(value ^ word, 0x01000193);
  return value >>> 0;
}
