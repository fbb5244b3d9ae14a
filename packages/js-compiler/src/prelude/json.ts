import { native } from './native.js';

const { parse, stringify } = JSON;

/**
 * `JSON` that throws a `RangeError` for what is nested too deep. The engine reads and writes it by recursion that takes
 * far more of the host's stack than of its own, which is the one it watches: a request could otherwise end the instance.
 */
export function boundJson(): void {
  const bounded = {
    parse(text: string, reviver?: Parameters<typeof parse>[1]): unknown {
      native.narrowStack();
      try {
        return parse(text, reviver);
      } finally {
        native.widenStack();
      }
    },
    stringify(value: unknown, replacer?: (string | number)[] | null, space?: string | number): string | undefined {
      native.narrowStack();
      try {
        return stringify(value, replacer, space);
      } finally {
        native.widenStack();
      }
    },
  };
  for (const [name, value] of Object.entries(bounded)) {
    Object.defineProperty(JSON, name, { value, writable: true, configurable: true, enumerable: false });
  }
}
