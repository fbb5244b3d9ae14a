import { AppError, type FieldIssue } from '@torii/contracts';

/** `client.invalid` with a pointer for each problem; its detail is the first of them. */
export function invalid(issues: readonly FieldIssue[]): AppError {
  const first = issues[0];
  if (first === undefined) return new AppError('client.invalid');
  return new AppError('client.invalid', { issues, detail: `${first.pointer === '' ? 'the body' : first.pointer}: ${first.detail}` });
}
