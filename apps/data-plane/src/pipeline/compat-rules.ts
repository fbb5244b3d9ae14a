import { AppError, type ErrorCode, errorCodeHeader, ownerOf, type ServedKind, type SnapshotPlugin } from '@torii/contracts';
import type { Deadline } from '@torii/service-kit';
import type { Exchange } from './exchange.js';
import type { GatewayResponse } from './gateway-request.js';

/** What Otoroshi does where we do something else; docs/plugin-kinds.md says it in words (CONTRACTS.md sections 3 and 10). */
export interface CompatRules {
  /** Of the answer to a plugin that failed; undefined for a kind whose failure says no. */
  readonly failureStatus: number | undefined;
  /** An output that is no JSON counts as one without fields, instead of a failure. */
  readonly takesNoJson: boolean;
  /** What an output says unless it says otherwise. */
  readonly defaults: Readonly<Record<string, unknown>>;
  /** Of a response that a transformer changes and names no status for; undefined where the status stays. */
  readonly changedStatus?: number;
}

const refuses = { result: false };

const rules = {
  backend: { failureStatus: 400, takesNoJson: true, defaults: {} },
  route_matcher: { failureStatus: undefined, takesNoJson: false, defaults: refuses },
  pre_route: { failureStatus: 500, takesNoJson: false, defaults: {} },
  access_validator: { failureStatus: 400, takesNoJson: false, defaults: refuses },
  request_transformer: { failureStatus: 400, takesNoJson: false, defaults: {} },
  response_transformer: { failureStatus: 400, takesNoJson: false, defaults: {}, changedStatus: 200 },
  // What fails closes the connection.
  websocket_transformer: { failureStatus: undefined, takesNoJson: false, defaults: {} },
  // It has not decided then.
  router: { failureStatus: undefined, takesNoJson: true, defaults: {} },
  // Of what it answers; asked whether it answers at all, one that fails says no.
  sink: { failureStatus: 500, takesNoJson: false, defaults: refuses },
} as const satisfies Record<ServedKind, CompatRules>;

/** Undefined for a plugin that is served our way. */
export function compatRulesOf({ kind, compat }: Pick<SnapshotPlugin, 'kind' | 'compat'>): CompatRules | undefined {
  return compat === 'otoroshi' ? rules[kind] : undefined;
}

/** Whether it is the guest's failure, for which Otoroshi has an answer: not one of ours, and not a call that was never made. */
export function isGuestFailure(code: ErrorCode): boolean {
  return ownerOf(code) === 'plugin' && code !== 'plugin.quarantined';
}

/** What Otoroshi answers for a plugin that failed, with the code of our error beside it. */
export function failureAnswer(status: number, error: AppError): GatewayResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', [errorCodeHeader]: error.code },
    body: JSON.stringify({ error: 'wasm_error', error_description: error.message }),
  };
}

/** What a backend that is served Otoroshi's way answers; its failure too is an answer, while the request has time left. */
export async function answeredAsOtoroshi(
  call: () => Promise<GatewayResponse>,
  exchange: Pick<Exchange, 'attributes'>,
  { rules, deadline }: { readonly rules: CompatRules; readonly deadline: Pick<Deadline, 'remainingMs'> },
): Promise<GatewayResponse> {
  const { attributes } = exchange;
  // The call has a copy to change: one that failed half-way must leave nothing behind.
  exchange.attributes = attributes.copy();
  try {
    return await call();
  } catch (error) {
    exchange.attributes = attributes;
    const failure = AppError.from(error);
    if (rules.failureStatus === undefined || !isGuestFailure(failure.code) || deadline.remainingMs() <= 0) throw error;
    return failureAnswer(rules.failureStatus, failure);
  }
}
