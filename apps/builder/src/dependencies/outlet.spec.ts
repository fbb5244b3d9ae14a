import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { confinedProgram, SandboxHome } from '../../test/a-sandbox.js';
import type { Sandbox } from '../sandbox/sandbox.js';
import { type Outlet, withOutlet } from './outlet.js';
import type { OutletJob } from './outlet-job.js';

const home = new SandboxHome();

/** What a program comes to by itself, and what the proxy says to it: one line for each place. */
const visitor = `
const { connect } = require('node:net');
const [proxy, ...places] = process.argv.slice(1);
function visit(name, options, first) {
  return new Promise((resolve) => {
    const socket = connect(options, () => socket.write(first));
    socket.setTimeout(20000, () => socket.destroy(Object.assign(new Error(), { code: 'SILENT' })));
    socket.on('error', (error) => resolve(name + ' ' + error.code));
    socket.on('data', (chunk) => { resolve(name + ' ' + chunk.toString().split('\\r\\n')[0]); socket.destroy(); });
    socket.on('close', () => resolve(name + ' closed'));
  });
}
async function main() {
  for (const place of places) {
    const [host, port] = place.split(':');
    console.log(await visit('direct', { host, port }, 'hello'));
    if (proxy !== '') console.log(await visit('proxied', { host: new URL(proxy).hostname, port: new URL(proxy).port }, 'CONNECT ' + place + ' HTTP/1.1\\r\\nhost: ' + place + '\\r\\n\\r\\n'));
  }
}
main();
`;

let listed: Server;
let other: Server;
let refused: string[];
let visits: Server[];

beforeEach(async () => {
  [refused, visits] = [[], []];
  [listed, other] = await Promise.all([listening(), listening()]);
});
afterEach(() => {
  for (const server of [listed, other]) server.close();
});

/** Answers whoever says something. */
async function listening(): Promise<Server> {
  const server = createServer((socket) => {
    visits.push(server);
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end('served'));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

function placeOf(server: Server): string {
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function outletOf<Result>(sandbox: Sandbox, work: (outlet: Outlet) => Promise<Result>): Promise<Result> {
  return withOutlet({ sandbox, allowed: [placeOf(listed)], onRefused: (place) => refused.push(place) }, work);
}

async function visitFrom({ sandbox, proxyUrl }: Outlet, ...places: string[]): Promise<string[]> {
  const args = ['-e', visitor, proxyUrl, ...places];
  const { output } = await home.inside(sandbox, '', { command: process.execPath, args, readOnly: [process.execPath] });
  return output.trim().split('\n');
}

describe.each(['unshare', 'bubblewrap'] as const)('a program in %s that fetches dependencies', (kind) => {
  const { promises } = confinedProgram(home, kind);

  promises('reaches places on its list and no other: not its own machine, nor what is around it, whichever way it takes', async () => {
    const metadata = '169.254.169.254:80';
    const [onList, notListed] = [placeOf(listed), placeOf(other)];

    const found = await outletOf(home.sandboxOf(kind), (outlet) => visitFrom(outlet, onList, notListed, metadata));

    expect(found).toEqual([
      'direct served',
      'proxied HTTP/1.1 200 Connection Established',
      'direct ECONNREFUSED',
      'proxied HTTP/1.1 403 Forbidden',
      'direct ENETUNREACH',
      'proxied HTTP/1.1 403 Forbidden',
    ]);
    expect(refused).toEqual([notListed, metadata]);
    expect(visits.filter((server) => server === other)).toEqual([]);
  });

  promises('is answered for as it ends', async () => {
    await outletOf(home.sandboxOf(kind), async ({ sandbox }) => {
      await expect(home.inside(sandbox, 'echo out; echo err >&2; exit 7')).resolves.toMatchObject({ exitCode: 7, output: 'out\nerr\n' });
      await expect(home.inside(sandbox, 'kill -KILL $$')).resolves.toMatchObject({ exitCode: undefined, signal: 'SIGKILL' });
      await expect(home.inside(sandbox, 'sleep 1000', { bounds: { wallMs: 2_000 } })).resolves.toMatchObject({ endedBy: 'deadline' });
      await expect(home.inside(sandbox, '', { command: 'nothing-of-that-name', args: [] })).resolves.toMatchObject({ exitCode: 126 });
    });
  });

  promises('has no way out any more when its outlet was closed', async () => {
    const kept = await outletOf(home.sandboxOf(kind), async (outlet) => outlet);

    await expect(home.inside(kept.sandbox, 'true')).rejects.toThrow('the sandbox could not be made');
  });
});

describe('a program that fetches dependencies', () => {
  it('has the proxy also where nothing confines it, as the operator has said', async () => {
    const found = await outletOf(home.sandboxOf('none'), (outlet) => visitFrom(outlet, placeOf(listed), placeOf(other)));

    expect(found.filter((line) => line.startsWith('proxied'))).toEqual([
      'proxied HTTP/1.1 200 Connection Established',
      'proxied HTTP/1.1 403 Forbidden',
    ]);
  });

  it('is not begun where the sandbox has no address for the proxy', async () => {
    const door = { address: '203.0.113.7', port: 3128 };
    const job: OutletJob = { socketPath: '/nonexistent', doors: [door], command: 'echo', args: ['begun'], noLoopbackExitCode: 93 };
    const program = fileURLToPath(new URL('../../dist/dependencies/outlet.worker.js', import.meta.url));
    const child = spawn(process.execPath, [program, JSON.stringify(job)], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [exitCode] = await once(child, 'close');

    expect([exitCode, said]).toEqual([93, expect.stringMatching(/^the sandbox cannot have 203\.0\.113\.7:3128: listen EADDRNOTAVAIL/)]);
  });
});
