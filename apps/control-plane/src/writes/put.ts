import { AppError } from '@torii/contracts';
import type { Answer } from '../http/answer.js';

/** An entity as it is to be: a new one, or what is to become of one that is there. */
export interface Put<Entity, Spec> {
  readonly current: Entity | undefined;
  readonly spec: Spec;
}

/** What a put has come to, or why it is refused. */
export type PutResult<Entity> = Answer<Entity> | AppError;

interface Named {
  readonly id: string;
  readonly name: string;
}

/** Of the names that puts want, those that something has: before the puts, or because of one that came earlier. */
export class TakenNames {
  private constructor(
    private readonly noun: string,
    private readonly taken: Set<string>,
  ) {}

  /** `find` answers what has one of the names. */
  static async load<Entity extends Named>(
    noun: string,
    puts: readonly Put<Entity, { readonly name: string }>[],
    find: (names: string[]) => Promise<Named[]>,
  ): Promise<TakenNames> {
    const wanted = puts.filter(({ current, spec }) => spec.name !== current?.name).map(({ spec }) => spec.name);
    const rows = wanted.length === 0 ? [] : await find(wanted);
    return new TakenNames(noun, new Set(rows.map(({ name }) => name)));
  }

  /** Why the entity cannot have the name; undefined where it can. */
  refusal(name: string, current: Named | undefined): AppError | undefined {
    if (name === current?.name || !this.taken.has(name)) return undefined;
    return new AppError('client.conflict', {
      detail: 'the name is taken',
      issues: [{ pointer: '/name', detail: `is taken by another ${this.noun}` }],
    });
  }

  take(name: string): void {
    this.taken.add(name);
  }
}

/** Of a single put. Throws why it is refused. */
export function onlyResult<Entity>([result]: readonly PutResult<Entity>[]): Answer<Entity> {
  if (result === undefined) throw new Error('a put has come to nothing');
  if (result instanceof AppError) throw result;
  return result;
}
