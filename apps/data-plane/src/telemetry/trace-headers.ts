const traceHeaders: ReadonlySet<string> = new Set(['traceparent', 'tracestate']);

/** Headers, name and value in turn, without those of the trace that they came with. */
export function withoutTraceHeaders(rawHeaders: readonly string[]): readonly string[] {
  return rawHeaders.filter((_text, index) => !traceHeaders.has((rawHeaders[index - (index % 2)] ?? '').toLowerCase()));
}
