import { randomUUID } from 'node:crypto';
import { type Relay, startRelay, startS3 } from '@torii/test-kit';
import { built } from './built.js';

type Sdk = typeof import('@aws-sdk/client-s3');

/** A part of a bucket for one test file, behind a relay that can be cut. */
export interface TestBucket {
  readonly relay: Relay;
  /** Variables of a control plane that keeps its objects there. */
  readonly env: Readonly<Record<string, string>>;
  /** The bytes under an object's address, whoever wrote them; undefined where there are none. */
  read(sha256: string): Promise<Buffer | undefined>;
  overwrite(sha256: string, bytes: Uint8Array): Promise<void>;
  remove(sha256: string): Promise<void>;
  close(): Promise<void>;
}

export async function startBucket(): Promise<TestBucket> {
  const { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client } = await built<Sdk>('@aws-sdk/client-s3');
  const s3 = await startS3();
  const relay = await startRelay(s3.endpoint);
  const prefix = `test-${randomUUID()}/`;
  const client = new S3Client({ endpoint: s3.endpoint, region: 'us-east-1', forcePathStyle: true, credentials: s3.key });
  const placeOf = (sha256: string) => ({ Bucket: s3.bucket, Key: `${prefix}sha256/${sha256.slice(0, 2)}/${sha256}` });
  return {
    relay,
    env: {
      TORII_S3_ENDPOINT: relay.url,
      TORII_S3_BUCKET: s3.bucket,
      TORII_S3_PREFIX: prefix,
      TORII_S3_ACCESS_KEY_ID: s3.key.accessKeyId,
      TORII_S3_SECRET_ACCESS_KEY: s3.key.secretAccessKey,
      TORII_S3_FORCE_PATH_STYLE: 'true',
    },
    async read(sha256) {
      try {
        const { Body } = await client.send(new GetObjectCommand(placeOf(sha256)));
        return Body === undefined ? undefined : Buffer.from(await Body.transformToByteArray());
      } catch (error) {
        if ((error as Error).name === 'NoSuchKey') return undefined;
        throw error;
      }
    },
    overwrite: async (sha256, bytes) => {
      await client.send(new PutObjectCommand({ ...placeOf(sha256), Body: bytes }));
    },
    remove: async (sha256) => {
      await client.send(new DeleteObjectCommand(placeOf(sha256)));
    },
    close: async () => {
      client.destroy();
      await relay.close();
      await s3.close();
    },
  };
}
