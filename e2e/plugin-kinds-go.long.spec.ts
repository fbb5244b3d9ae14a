import { afterAll, beforeAll } from '@jest/globals';
import { guest, startUpstream, type Upstream } from '@torii/test-kit';
import { Gateway } from './a-gateway.js';
import { tellsWhatItWasAsked } from './asked-upstream.js';
import { builtKinds, describeKinds } from './plugin-kinds.js';
import { type Echo, startEcho } from './talk.js';

const gateway = new Gateway(1, {}, 1);
let upstream: Upstream;
let echo: Echo;

beforeAll(async () => {
  [upstream, echo] = await Promise.all([startUpstream(tellsWhatItWasAsked), startEcho()]);
  await gateway.start();
  const { sha256 } = (await gateway.must('POST', '/api/v1/artifacts', await guest('echo'))).json;
  await gateway.must('PUT', '/api/v1/plugins/echo', { source: { kind: 'artifact', sha256 }, functionName: 'run' });
}, 180_000);
afterAll(async () => {
  await gateway.stop();
  echo.close();
  await upstream.close();
});

describeKinds({
  gateway,
  language: 'go',
  upstreamUrl: () => upstream.url,
  echoUrl: () => echo.url,
  plugin: () => builtKinds(gateway, 'go'),
});
