import { AppError, type Scope } from '@torii/contracts';

/** Whoever a request is made by. */
export interface Principal {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
}

type Holder = Pick<Principal, 'scopes'>;

export function mayUse({ scopes }: Holder, scope: Scope): boolean {
  return scopes.includes('admin') || scopes.includes(scope);
}

/**
 * For what a request does beside what its operation is for. Throws `client.forbidden` that names the scopes lacking, and
 * `what` needs them.
 */
export function requireScopes(holder: Holder, needed: readonly Scope[], what: string): void {
  const lacking = needed.filter((scope) => !mayUse(holder, scope));
  if (lacking.length === 0) return;
  const named = lacking.length === 1 ? 'scope' : 'scopes';
  throw new AppError('client.forbidden', { detail: `the key lacks the ${named} ${lacking.join(' and ')}, which ${what} needs` });
}
