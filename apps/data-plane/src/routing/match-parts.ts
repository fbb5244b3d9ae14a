import type { PathMatch, SnapshotMatch } from '@torii/contracts';
import { Expressions } from './expressions.js';
import { type PathPlace, placeOf, type Step } from './path-place.js';
import { Pool } from './pool.js';
import { type Condition, conditionsOf } from './value-condition.js';

/** Different ones of each kind that are shared. */
const sharedMax = 10_000;

const noConditions: readonly Condition[] = [];

/**
 * What the matches of routes are made of. Many routes have the same path, conditions or methods as others, or the same
 * segments and names in different paths: these share it.
 */
export class MatchParts {
  private readonly places = {
    exact: new Pool<PathPlace>(sharedMax),
    prefix: new Pool<PathPlace>(sharedMax),
    template: new Pool<PathPlace>(sharedMax),
  };
  private readonly literals = new Pool<Step>(sharedMax);
  private readonly expressionSteps = new Pool<Step>(sharedMax);
  private readonly paramNames = new Pool<readonly string[]>(sharedMax);
  private readonly conditions = new Pool<readonly Condition[]>(sharedMax);
  private readonly methods = new Pool<ReadonlySet<string>>(sharedMax);

  constructor(readonly expressions = new Expressions()) {}

  /** These, for the next configuration; none when they are so many that most may no longer be used. */
  forChange(): MatchParts {
    const expressions = this.expressions.forChange();
    const pools = [...Object.values(this.places), this.literals, this.expressionSteps, this.paramNames, this.conditions, this.methods];
    return expressions === this.expressions && !pools.some(({ isFull }) => isFull) ? this : new MatchParts(expressions);
  }

  /** Throws on an expression that RE2 does not know. */
  placeOf(path: PathMatch): PathPlace {
    return this.places[path.type].get(path.value, () => {
      const { steps, isPrefix, paramNames } = placeOf(path, this.expressions);
      return { steps: steps.map((step) => this.shared(step)), isPrefix, paramNames: this.paramNames.get(paramNames.join(' '), () => paramNames) };
    });
  }

  /** Throws on an expression that RE2 does not know. */
  conditionsOf(match: SnapshotMatch): readonly Condition[] {
    const { headers = [], query = [], cookies = [] } = match;
    if (headers.length + query.length + cookies.length === 0) return noConditions;
    return this.conditions.get(JSON.stringify([headers, query, cookies]), () => conditionsOf(match, this.expressions));
  }

  /** Undefined: every method. A route that takes GET takes HEAD too (RFC 9110 section 9.3.2). */
  methodsOf({ methods }: SnapshotMatch): ReadonlySet<string> | undefined {
    if (methods.length === 0) return undefined;
    return this.methods.get(methods.join(' '), () => new Set(methods.includes('GET') ? [...methods, 'HEAD'] : methods));
  }

  private shared(step: Step): Step {
    if (typeof step === 'string') return this.literals.get(step, () => step);
    return step.type === 'expression' ? this.expressionSteps.get(step.source, () => step) : step;
  }
}
