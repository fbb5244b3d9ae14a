import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { parseNodeEnv } from '../env.js';
import { egressSettings } from './egress-settings.js';

let folder: string;
const env = (part: Record<string, string>): ReturnType<typeof parseNodeEnv> => parseNodeEnv({ REDIS_URL: 'redis://127.0.0.1:6379', ...part });

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'torii-egress-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('gives each thread its share of the bytes of the node, and a plugin a quarter of the calls', () => {
  const settings = egressSettings(env({ TORII_DATA_THREADS: '4', TORII_EGRESS_BUFFER_BYTES: '4000', TORII_EGRESS_MAX_CONCURRENT: '100' }));
  expect(settings).toMatchObject({ bufferMaxBytes: 1_000, maxConcurrent: 100, maxConcurrentPerPlugin: 25 });
});

it('reads the file of authorities once, and names the variable when it is none', async () => {
  const file = path.join(folder, 'ca.pem');
  expect(() => egressSettings(env({ TORII_EGRESS_CA_FILE: file }))).toThrow('TORII_EGRESS_CA_FILE');
  await writeFile(file, 'no certificate');
  expect(() => egressSettings(env({ TORII_EGRESS_CA_FILE: file }))).toThrow('TORII_EGRESS_CA_FILE');
  const [authority = ''] = rootCertificates;
  await writeFile(file, authority);
  expect(egressSettings(env({ TORII_EGRESS_CA_FILE: file })).extraCa).toBe(authority);
});
