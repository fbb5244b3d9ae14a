/** What a handler answers when status or headers depend on what happened; the interceptor writes it. */
export class Answer<Body = unknown> {
  constructor(
    readonly status: number,
    readonly body: Body,
    readonly headers: Readonly<Record<string, string>> = {},
    /** The revision a write made, or found unchanged. */
    readonly revision?: number,
  ) {}
}
