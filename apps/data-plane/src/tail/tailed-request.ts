/** What of a request filters look at, beside its trace. */
export interface TailedRequest {
  readonly requestId: string;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly status: number;
  readonly error: { readonly code: string; readonly detail: string | undefined } | undefined;
}

/** What of a trace filters look at. */
export interface TailedTrace {
  readonly routeName: string | undefined;
  /** Of the route's target, whether it was called or not. */
  readonly pluginName: string | undefined;
  readonly pluginVersion: number | undefined;
  readonly calls: readonly { readonly pluginName: string; readonly pluginVersion: number }[];
}
