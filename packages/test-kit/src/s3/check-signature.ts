import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export interface S3Key {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** How far the client's clock may be off; S3 itself allows as much. */
const skewMaxMs = 15 * 60_000;
const authorizationForm =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;

/**
 * The error code that S3 answers to a request that is not signed rightly; undefined for one that is. Follows "Signature
 * Version 4" in AWS' documentation of S3, whose requests must cover at least the host and every `x-amz-` header.
 */
export function signatureError(request: IncomingMessage, key: S3Key, now: Date): string | undefined {
  const parsed = authorizationForm.exec(request.headers.authorization ?? '');
  const [, accessKeyId = '', day = '', region = '', signedHeaders = '', signature = ''] = parsed ?? [];
  if (parsed === null) return 'AccessDenied';
  if (accessKeyId !== key.accessKeyId) return 'InvalidAccessKeyId';
  const at = headerOf(request, 'x-amz-date');
  if (!at.startsWith(day) || Math.abs(now.getTime() - timeOf(at)) > skewMaxMs) return 'RequestTimeTooSkewed';
  const names = signedHeaders.split(';');
  const needed = ['host', ...Object.keys(request.headers).filter((name) => name.startsWith('x-amz-'))];
  if (!needed.every((name) => names.includes(name))) return 'AccessDenied';

  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', at, scope, sha256Of(canonicalRequest(request, names))].join('\n');
  const signingKey = [day, region, 's3', 'aws4_request'].reduce<Buffer | string>(
    (secret, part) => hmacOf(secret, part),
    `AWS4${key.secretAccessKey}`,
  );
  const isRight = timingSafeEqual(hmacOf(signingKey, text), Buffer.from(signature, 'hex'));
  return isRight ? undefined : 'SignatureDoesNotMatch';
}

function canonicalRequest(request: IncomingMessage, names: readonly string[]): string {
  const [path = '', query = ''] = (request.url ?? '').split('?');
  const parameters = query === '' ? [] : query.split('&').map((pair) => (pair.includes('=') ? pair : `${pair}=`));
  return [
    request.method,
    path,
    parameters.sort().join('&'),
    ...names.map((name) => `${name}:${headerOf(request, name).trim().replace(/ +/g, ' ')}`),
    '',
    names.join(';'),
    headerOf(request, 'x-amz-content-sha256'),
  ].join('\n');
}

function headerOf(request: IncomingMessage, name: string): string {
  return [request.headers[name] ?? ''].flat().join(',');
}

/** Of `20260131T235959Z`. */
function timeOf(text: string): number {
  return Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmacOf(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
