import type { MaybePromise } from '@torii/kv';

/** Goes on with a value at once when it is there, later when it is a promise. */
export function whenThere<Value, Next>(value: MaybePromise<Value>, next: (value: Value) => MaybePromise<Next>): MaybePromise<Next> {
  return isPromise(value) ? value.then(next) : next(value);
}

/** By shape: a promise may come from another realm. */
export function isPromise<Value>(value: MaybePromise<Value>): value is Promise<Value> {
  return typeof value === 'object' && value !== null && 'then' in value;
}
