import { beforeAll, describe, expect, it } from '@jest/globals';
import { type RealModuleName, realModule, realModuleNames, seededRandom, testSeed } from '@torii/test-kit';
import { type CompiledModule, compileModule, RealGuest, type RealGuestOptions } from '../test/real-guest.js';
import { type RealStep, realSteps } from '../test/real-steps.js';
import { rewriteModule } from './rewrite-module.js';

const memoryMaxPages = 2_048;
/** So little that nearly every check calls the hook. */
const littleFuel = 1 + (testSeed % 30);
const killsPerModule = 5;

describe.each(realModuleNames)(`the module %s, rewritten (seed ${testSeed})`, (name: RealModuleName) => {
  let original: CompiledModule;
  let rewritten: CompiledModule;
  beforeAll(async () => {
    const bytes = await realModule(name);
    original = compileModule(bytes);
    rewritten = compileModule(rewriteModule(bytes, { memoryMaxPages }));
  });

  /** Takes both through the same steps and expects them to look alike after each; answers how many checks that took. */
  function compare(steps: readonly RealStep[], options: RealGuestOptions, afterStep: (index: number) => void = () => undefined): number {
    const expected = new RealGuest(original);
    const actual = new RealGuest(rewritten, options);
    for (const [index, step] of steps.entries()) {
      const outcome = outcomeOf(step, expected);
      expect({ step: step.title, ...outcomeOf(step, actual) }).toEqual({ step: step.title, ...outcome });
      expectSameMemory(actual, expected, step);
      afterStep(index);
    }
    return actual.checks;
  }

  it('returns, traps, writes and leaves in memory what the original does', () => {
    expect(compare(realSteps(name, testSeed, 'large'), {})).toBeGreaterThan(1);
  });

  it('does so when it is checked every few instructions', () => {
    expect(compare(realSteps(name, testSeed, 'small'), { fuelPerCheck: littleFuel })).toBeGreaterThan(100);
  });

  it('does so beside instances that are killed at any of their checks', () => {
    const random = seededRandom(testSeed);
    const steps = realSteps(name, testSeed, 'small');
    const checksInAll = compare(steps, { fuelPerCheck: littleFuel });
    const stepsPerKill = Math.ceil(steps.length / killsPerModule);
    compare(steps, {}, (index) => {
      if (index % stepsPerKill === 0) expectKilled(steps, 1 + random(checksInAll));
    });
  });

  /** Takes an instance through the steps up to a check, and expects it to be over at this very check, whatever it was doing. */
  function expectKilled(steps: readonly RealStep[], killAtCheck: number): void {
    const victim = new RealGuest(rewritten, { fuelPerCheck: littleFuel, killAtCheck });
    for (const step of steps) {
      const { answer } = outcomeOf(step, victim);
      if (!victim.isKilled) continue;
      expect({ step: step.title, checks: victim.checks, answer }).toEqual({
        step: step.title,
        checks: killAtCheck,
        answer: 'RuntimeError: unreachable',
      });
      return;
    }
    throw new Error(`check ${killAtCheck} was never reached`);
  }
});

interface Outcome {
  /** What it returned, or how it trapped. */
  readonly answer: string;
  /** All it has written to its standard streams so far. */
  readonly written: string;
}

function outcomeOf(step: RealStep, guest: RealGuest): Outcome {
  let answer: string;
  try {
    answer = String(step.run(guest));
  } catch (error) {
    const { message } = error as { readonly message?: string };
    answer = `${(error as object).constructor.name}: ${message ?? ''}`;
  }
  return { answer, written: guest.host.written() };
}

function expectSameMemory(actual: RealGuest, expected: RealGuest, { title }: RealStep): void {
  const [after, wanted] = [actual.bytes(), expected.bytes()];
  if (after.equals(wanted)) return;
  const at = wanted.findIndex((byte, index) => byte !== after[index]);
  throw new Error(`after ${title} the memories, ${after.length} and ${wanted.length} bytes, differ at ${at}: ${after[at]} instead of ${wanted[at]}`);
}
