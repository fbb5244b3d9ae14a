import { isBytes, spanOf } from './bytes.js';
import { describeError } from './describe-error.js';
import { output, outputText } from './host.js';
import { native } from './native.js';
import { dropTimers, runNextTimer } from './timers.js';

type Exported = () => unknown;

/** What the engine's glue takes for "not yet". */
const notSettled = -(2 ** 31);
const failed = 1;

let functions: readonly Exported[] = [];
let status = 0;
let isSettled = false;

/** Kept from before the function's own code could change them. */
const { resolve } = Promise;
const { apply } = Reflect;
const { then } = Promise.prototype;

export function setFunctions(exported: readonly Exported[]): void {
  functions = exported;
}

/** Begins the call of an exported function. */
export function dispatch(index: number): void {
  status = 0;
  isSettled = false;
  output.isSet = false;
  dropTimers();
  try {
    const result = functions[index]?.();
    if (isPending(result)) apply(then, apply(resolve, Promise, [result]), [settle, fail]);
    else settle(result);
  } catch (error) {
    fail(error);
  }
}

/** Asked whenever there is nothing left to run: the call's status, or `notSettled` for another round. */
export function turn(): number {
  if (isSettled) return status;
  try {
    if (runNextTimer()) return notSettled;
    fail(new Error('the function waits for a promise that nothing will ever settle'));
  } catch (error) {
    fail(error);
  }
  return status;
}

function isPending(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { readonly then?: unknown }).then === 'function';
}

/** A number is the status, as with Extism's js-pdk; anything else is the output, unless the function has set one. */
function settle(result: unknown): void {
  try {
    if (typeof result === 'number') status = result | 0;
    else if (result !== undefined && !output.isSet) answer(result);
    isSettled = true;
  } catch (error) {
    fail(error);
  }
}

function answer(result: unknown): void {
  if (isBytes(result)) {
    const { buffer, offset, length } = spanOf(result, 'the output');
    native.outputBytes(buffer, offset, length);
    return;
  }
  outputText(typeof result === 'string' ? result : (JSON.stringify(result) ?? ''));
}

function fail(error: unknown): void {
  status = failed;
  isSettled = true;
  native.errorString(describeError(error));
}
