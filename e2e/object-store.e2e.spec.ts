import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, type Relay, startRelay, startS3, type TestS3 } from '@torii/test-kit';
import { Gateway } from './a-gateway.js';

/** A function that answers always the same. */
function sourceOf(text: string) {
  const content = `export function handle() { return { status: 200, body_str: ${JSON.stringify(text)} }; }\n`;
  return { files: [{ path: 'index.js', content, encoding: 'utf8' }] };
}

describe('sources and modules in S3', () => {
  let s3: TestS3;
  let relay: Relay;
  let gateway: Gateway;

  beforeAll(async () => {
    s3 = await startS3();
    relay = await startRelay(s3.endpoint);
    gateway = new Gateway(1, {}, 1, {
      TORII_S3_ENDPOINT: relay.url,
      TORII_S3_BUCKET: s3.bucket,
      TORII_S3_ACCESS_KEY_ID: s3.key.accessKeyId,
      TORII_S3_SECRET_ACCESS_KEY: s3.key.secretAccessKey,
      TORII_S3_FORCE_PATH_STYLE: 'true',
    });
    await gateway.start();
  });
  afterAll(async () => {
    await gateway?.stop();
    await relay?.close();
    await s3?.close();
  });

  const answers = (text: string) => gateway.everywhere('/fn/hello', {}, (answer) => answer.status === 200 && answer.text === text);

  it('become an answer, go on being one while S3 is away, and what is built meanwhile is built when it is back', async () => {
    const settings = { functionName: 'handle' };
    const made = { language: 'javascript', entry: 'index.js', settings, endpoint: { enabled: true, version: 'dev' }, ...sourceOf('one') };
    await gateway.must('PUT', '/api/v1/functions/hello', made);
    expect(await gateway.build('hello')).toMatchObject({ status: 'succeeded' });
    await answers('one');

    await gateway.must('PUT', '/api/v1/functions/hello/files', sourceOf('two'));
    relay.cut();
    const refused = await gateway.admin('PUT', '/api/v1/functions/hello/files', sourceOf('three'));
    expect([refused.status, refused.json.code]).toEqual([503, 'platform.storage']);
    const { id } = (await gateway.must('POST', '/api/v1/functions/hello/builds', {})).json;
    await eventually(async () => expect((await gateway.admin('GET', `/api/v1/builds/${id}`)).json).toMatchObject({ status: 'running' }));
    await answers('one');
    relay.restore();
    await answers('two');
  });
});
