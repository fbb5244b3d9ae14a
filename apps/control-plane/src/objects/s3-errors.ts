import { AppError } from '@torii/contracts';

/** What matters of an error of the library. Most S3 errors have a status; one of the network or of credentials has none. */
interface S3Failure {
  readonly name: string;
  readonly message: string;
  readonly status: number | undefined;
}

function failureOf(error: unknown): S3Failure {
  const { name, message, code, $metadata } = error as {
    name?: string;
    message?: string;
    code?: string;
    $metadata?: { httpStatusCode?: number };
  };
  return { name: code ?? name ?? 'Error', message: message ?? '', status: $metadata?.httpStatusCode };
}

/** Whether the answer says that an object is not there. */
export function isMissing(error: unknown): boolean {
  // The second where the answer has no body, as to HEAD.
  return ['NoSuchKey', 'NotFound'].includes(failureOf(error).name);
}

/** Also what a key is told of an object that is not there, if it may not list the bucket. */
export function isRefusal(error: unknown): boolean {
  return failureOf(error).status === 403;
}

/** Another request may succeed: the network, or the store's own trouble. What it refuses it would refuse again. */
export function isWorthAnotherTry(error: unknown): boolean {
  const { status } = failureOf(error);
  return status === undefined || status >= 500 || status === 408 || status === 429;
}

/** `platform.storage` with what to do, and without what must not be shown. The same error when it is one already. */
export function storageAway(error: unknown, title: string): AppError {
  if (error instanceof AppError) return error;
  return new AppError('platform.storage', { detail: `the ${title} ${whatIsWrong(failureOf(error))}`, cause: error });
}

function whatIsWrong({ name, status }: S3Failure): string {
  if (name === 'NoSuchBucket') return 'does not exist: make it, or correct TORII_S3_BUCKET';
  if (name === 'CredentialsProviderError')
    return 'cannot be used, for want of credentials: set TORII_S3_ACCESS_KEY_ID and TORII_S3_SECRET_ACCESS_KEY';
  if (name === 'PermanentRedirect' || status === 301) return 'is in another region: correct TORII_S3_REGION';
  if (status === 401 || status === 403) return `refuses access (${name}): check the TORII_S3_ variables, and that the key may read, write and delete`;
  if (status !== undefined) return `answered ${status} (${name})`;
  if (name === 'AbortError' || name === 'TimeoutError') return 'did not answer in time';
  return `cannot be reached (${name}): check TORII_S3_ENDPOINT and TORII_S3_REGION`;
}
