import { describeError } from './describe-error.js';

type Listener = ((event: { readonly type: 'abort'; readonly target: AbortSignal }) => void) | { handleEvent(event: unknown): void };

/** https://dom.spec.whatwg.org/#interface-AbortSignal, for what can be aborted between two calls of the host. */
export class AbortSignal {
  aborted = false;
  reason: unknown;
  onabort: Listener | null = null;
  readonly #listeners = new Set<Listener>();

  static abort(reason: unknown = abortError()): AbortSignal {
    const controller = new AbortController();
    controller.abort(reason);
    return controller.signal;
  }

  static any(signals: Iterable<AbortSignal>): AbortSignal {
    const controller = new AbortController();
    for (const signal of signals) {
      if (signal.aborted) controller.abort(signal.reason);
      else signal.addEventListener('abort', () => controller.abort(signal.reason));
    }
    return controller.signal;
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  addEventListener(type: string, listener: Listener): void {
    if (type === 'abort') this.#listeners.add(listener);
  }

  removeEventListener(type: string, listener: Listener): void {
    if (type === 'abort') this.#listeners.delete(listener);
  }

  /** For `AbortController` only. */
  abortWith(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const listeners = [...this.#listeners, ...(this.onabort === null ? [] : [this.onabort])];
    this.#listeners.clear();
    for (const listener of listeners) notify(listener, this);
  }
}

export class AbortController {
  readonly signal = new AbortSignal();

  abort(reason: unknown = abortError()): void {
    this.signal.abortWith(reason);
  }
}

function abortError(): unknown {
  return new DOMException('This operation was aborted', 'AbortError');
}

/** A listener that fails stops neither the others nor whoever aborted. */
function notify(listener: Listener, target: AbortSignal): void {
  const event = { type: 'abort', target } as const;
  try {
    if (typeof listener === 'function') listener.call(target, event);
    else listener.handleEvent(event);
  } catch (error) {
    console.error(`a listener of an abort signal failed: ${describeError(error)}`);
  }
}
