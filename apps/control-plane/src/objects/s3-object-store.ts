import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3';
import type { S3Settings } from '../env.js';
import { ObjectMissingError, type ObjectStore, type StorableObject } from './object-store.js';
import { isMissing, isRefusal, isWorthAnotherTry, storageAway } from './s3-errors.js';

/** A request without a body of ours, answered: its tries together. */
const answerTimeoutMs = 10_000;
/** Without a byte for so long an answer is given up. */
const idleTimeoutMs = 10_000;
const connectTimeoutMs = 3_000;
/** A large object gets more time: as much as it takes at this speed. */
const slowestBytesPerMs = 512;
/** How often one request is tried, the first time included. */
const triesMax = 3;
const retryDelayMs = 100;
/** Connections, and with them requests under way; one more waits, within its deadline. */
const connectionsMax = 64;

/** Else the library writes to the console, beside our log. */
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing };

function nothing(): void {
  // What matters comes back as an error.
}

type Sdk = typeof import('@aws-sdk/client-s3');

/** Objects in a bucket, each under `<prefix>sha256/<first two digits>/<sha256>`. */
export class S3ObjectStore implements ObjectStore {
  readonly name = 's3';
  readonly title: string;
  private readonly client: S3Client;
  private checking: Promise<void> | undefined;

  private constructor(
    private readonly sdk: Sdk,
    private readonly settings: S3Settings,
  ) {
    this.title = `S3 bucket ${settings.bucket}`;
    const { endpoint, region, credentials, forcePathStyle } = settings;
    this.client = new sdk.S3Client({
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(region === undefined ? {} : { region }),
      // Without them, what AWS has for that: variables, files, the machine's or container's role.
      ...(credentials === undefined
        ? {}
        : { credentials: { accessKeyId: credentials.accessKeyId, secretAccessKey: credentials.secretAccessKey.reveal() } }),
      forcePathStyle,
      maxAttempts: triesMax,
      logger: silent,
      // Not every store that speaks S3 knows these; a read is checked by its sha256, a write by the one that is signed.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: {
        connectionTimeout: connectTimeoutMs,
        httpAgent: { keepAlive: true, maxSockets: connectionsMax },
        httpsAgent: { keepAlive: true, maxSockets: connectionsMax },
      },
    });
  }

  /** The library is loaded here, so that those who do not use S3 do not pay for it. */
  static async open(settings: S3Settings): Promise<S3ObjectStore> {
    return new S3ObjectStore(await import('@aws-sdk/client-s3'), settings);
  }

  async put(object: StorableObject): Promise<void> {
    const signal = AbortSignal.timeout(answerTimeoutMs + Math.ceil(object.size / slowestBytesPerMs));
    // The library does not try a stream again: it cannot know that this one can begin anew.
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.putOnce(object, signal);
      } catch (error) {
        if (error instanceof SourceError) throw error.cause;
        if (tries === triesMax || signal.aborted || !isWorthAnotherTry(error)) throw storageAway(error, this.title);
        await sleep(retryDelayMs * 2 ** tries);
      }
    }
  }

  async has({ sha256, size }: { readonly sha256: string; readonly size: number }): Promise<boolean> {
    return (await this.sizeOf(this.keyOf(sha256))) === size;
  }

  async *read(sha256: string): AsyncGenerator<Uint8Array, void, undefined> {
    const body = await this.get(sha256);
    try {
      const chunks: AsyncIterator<Uint8Array> = body[Symbol.asyncIterator]();
      for (;;) {
        const { done, value } = await this.nextOf(body, chunks);
        if (done === true) return;
        yield value;
      }
    } finally {
      body.destroy();
    }
  }

  async remove(sha256: string): Promise<void> {
    const command = new this.sdk.DeleteObjectCommand(this.placeOf(this.keyOf(sha256)));
    await this.client.send(command, { abortSignal: AbortSignal.timeout(answerTimeoutMs) }).catch((error: unknown) => {
      if (!isMissing(error)) throw storageAway(error, this.title);
    });
  }

  /** Whoever asks while somebody else does waits for the same answer: anybody may ask as often as they like. */
  check(): Promise<void> {
    this.checking ??= this.tryOut().finally(() => {
      this.checking = undefined;
    });
    return this.checking;
  }

  close(): void {
    this.client.destroy();
  }

  /** By an object of its own: permission to list the bucket is not needed for anything else. */
  private async tryOut(): Promise<void> {
    const key = `${this.settings.prefix}torii`;
    if ((await this.sizeOf(key)) !== undefined) return;
    const command = new this.sdk.PutObjectCommand({ ...this.placeOf(key), Body: 'Objects of a Torii installation are here.\n' });
    await this.client.send(command, { abortSignal: AbortSignal.timeout(answerTimeoutMs) }).catch((error: unknown) => {
      throw storageAway(error, this.title);
    });
  }

  /** What fails in the bytes' own source is thrown as `SourceError`. */
  private async putOnce({ sha256, size, open }: StorableObject, deadline: AbortSignal): Promise<void> {
    const broken = new AbortController();
    const body = Readable.from(
      tellingErrors(open(), (error) => broken.abort(error)),
      { objectMode: false },
    );
    body.on('error', () => undefined); // known by then: the library would wait for the rest
    const input: PutObjectCommandInput = {
      ...this.placeOf(this.keyOf(sha256)),
      Body: body,
      ContentLength: size,
      ContentType: 'application/octet-stream',
    };
    const command = new this.sdk.PutObjectCommand(input);
    // Part of the signature: S3 refuses bytes that come to another hash.
    command.middlewareStack.add(
      (next) => (args) => {
        (args.request as { headers: Record<string, string> }).headers['x-amz-content-sha256'] = sha256;
        return next(args);
      },
      { step: 'build', name: 'payloadHash' },
    );
    try {
      await this.client.send(command, { abortSignal: AbortSignal.any([deadline, broken.signal]) });
    } catch (error) {
      throw broken.signal.aborted ? new SourceError(broken.signal.reason) : error;
    } finally {
      body.destroy();
    }
  }

  private async get(sha256: string): Promise<Readable> {
    const command = new this.sdk.GetObjectCommand(this.placeOf(this.keyOf(sha256)));
    try {
      const { Body } = await this.client.send(command, { abortSignal: AbortSignal.timeout(answerTimeoutMs) });
      if (!(Body instanceof Readable)) throw new Error('the answer has no body');
      return Body;
    } catch (error) {
      if (isMissing(error)) throw new ObjectMissingError(sha256, this.title);
      throw storageAway(error, this.title);
    }
  }

  private async nextOf(body: Readable, chunks: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
    const timer = setTimeout(() => body.destroy(new Error(`no bytes came for ${idleTimeoutMs} ms`)), idleTimeoutMs);
    try {
      return await chunks.next();
    } catch (error) {
      throw storageAway(error, this.title);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Undefined where there is none, as far as this key may know: one that may not list the bucket is told 403 for that. */
  private async sizeOf(key: string): Promise<number | undefined> {
    const command = new this.sdk.HeadObjectCommand(this.placeOf(key));
    try {
      return (await this.client.send(command, { abortSignal: AbortSignal.timeout(answerTimeoutMs) })).ContentLength;
    } catch (error) {
      if (isMissing(error) || isRefusal(error)) return undefined;
      throw storageAway(error, this.title);
    }
  }

  private keyOf(sha256: string): string {
    return `${this.settings.prefix}sha256/${sha256.slice(0, 2)}/${sha256}`;
  }

  private placeOf(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.settings.bucket, Key: key };
  }
}

/** The bytes to be put could not be read: not the store's fault, and thrown as it was. */
class SourceError extends Error {
  constructor(cause: unknown) {
    super('the bytes to be stored could not be read', { cause });
  }
}

async function* tellingErrors(chunks: AsyncIterable<Uint8Array>, onError: (error: unknown) => void): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* chunks;
  } catch (error) {
    onError(error);
    throw error;
  }
}
