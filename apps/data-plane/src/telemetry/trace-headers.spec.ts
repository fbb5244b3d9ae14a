import { describe, expect, it } from '@jest/globals';
import { withoutTraceHeaders } from './trace-headers.js';

describe('withoutTraceHeaders', () => {
  it('takes names and values out together, however they are spelled and however often they are there', () => {
    const raw = ['Host', 'h', 'TraceParent', 'a', 'x', 'traceparent', 'tracestate', 'b', 'traceparent', 'c', 'Y', 'tracestate'];
    expect(withoutTraceHeaders(raw)).toEqual(['Host', 'h', 'x', 'traceparent', 'Y', 'tracestate']);
    expect(withoutTraceHeaders([])).toEqual([]);
  });
});
