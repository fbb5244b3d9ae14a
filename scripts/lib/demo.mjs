import { readFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkout, UserError } from './checkout.mjs';

const example = path.join(checkout, 'examples', 'geolocation-go');
const answerTimeoutMs = 10_000;
const routeTimeoutMs = 60_000;
const pollIntervalMs = 25;

export const demoQuery = '/search?q=avenue+allende+79000+niort';

/**
 * Puts the article's function and its routes there, as a person would by REST. What exists already is left as it is,
 * so that changes made to the demo survive a restart.
 */
export async function seedDemo(adminUrl, adminKey) {
  const admin = (method, resource, type, body) =>
    send(`${adminUrl}${resource}`, { method, headers: { authorization: `Bearer ${adminKey}`, 'content-type': type } }, body);
  const put = async (resource, contents) => {
    const existing = await admin('GET', resource, 'application/json');
    if (existing.status === 200) return;
    const answer = await admin('PUT', resource, 'application/json', JSON.stringify(await contents()));
    if (answer.status >= 300) throw new UserError(`the demo could not be set up: PUT ${resource} answered ${answer.status} ${answer.text}`);
  };
  await put('/api/v1/plugins/geolocation', async () => {
    const wasm = await readFile(path.join(example, 'geolocation.wasm'));
    const uploaded = await admin('POST', '/api/v1/artifacts', 'application/wasm', wasm);
    if (uploaded.status >= 300) throw new UserError(`the demo could not be set up: its module was refused with ${uploaded.status} ${uploaded.text}`);
    const { sha256 } = JSON.parse(uploaded.text);
    return { ...(await readJson('plugin.json')), source: { kind: 'artifact', sha256 } };
  });
  await put('/api/v1/routes/geolocation', () => readJson('route.json'));
  await put('/api/v1/routes/geolocation-oto', () => readJson('route-oto.json'));
}

/**
 * Resolves when the node at this port answers on the demo's route. Without a query its function answers 400 by itself,
 * so that nothing is looked up.
 */
export async function waitForDemo(port) {
  const deadlineMs = performance.now() + routeTimeoutMs;
  let last = 'nothing';
  while (performance.now() < deadlineMs) {
    try {
      const { status, text } = await send(`http://127.0.0.1:${port}/search`, { headers: { host: 'localhost' } });
      if (status < 500 && status !== 404) return;
      last = `${status} ${text.slice(0, 300)}`;
    } catch (error) {
      last = error.code ?? error.message;
    }
    await sleep(pollIntervalMs);
  }
  throw new UserError(`the demo's route does not answer on port ${port} after ${routeTimeoutMs / 1000} s, the last answer was: ${last}`);
}

async function readJson(name) {
  return JSON.parse(await readFile(path.join(example, name), 'utf8'));
}

/** Not fetch, which would not let us set Host. */
function send(url, options, body) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { timeout: answerTimeoutMs, agent: false, ...options }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(parts).toString('utf8') }));
    });
    request.on('error', reject);
    request.on('timeout', () => request.destroy(new Error(`no answer from ${url} within ${answerTimeoutMs / 1000} s`)));
    request.end(body);
  });
}
