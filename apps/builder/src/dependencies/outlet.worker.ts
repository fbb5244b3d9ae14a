import { spawn } from 'node:child_process';
import { connect, createServer, type Socket } from 'node:net';
import { constants } from 'node:os';
import type { Door, OutletJob } from './outlet-job.js';

// Runs inside a sandbox that has a loopback of its own and no other network: opens doors there, behind which is the proxy on
// the builder's side of a socket, and runs the program that this is done for. Imports nothing: only this file is there.

/** As a shell ends for a program that cannot be run, or that a signal ended. */
const [cannotRun, signalExitBase] = [126, 128];
/** Of the proxy's answer to CONNECT. */
const headMaxBytes = 8_192;
const tunnelTimeoutMs = 30_000;

const [text = '{}'] = process.argv.slice(2);
const { socketPath, doors, command, args, noLoopbackExitCode }: OutletJob = JSON.parse(text);

for (const door of doors) await open(door);
const child = spawn(command, args, { stdio: 'inherit' });
child.once('error', (error) => fail(error.message, cannotRun));
child.once('exit', (code, signal) => process.exit(signal === null ? (code ?? cannotRun) : signalExitBase + constants.signals[signal]));

/** Without the door to the proxy there is nothing to be had; without another one, only what is behind that. */
async function open({ address, port, place }: Door): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const proxy = connect({ path: socketPath, allowHalfOpen: true });
    tie(client, proxy);
    if (place === undefined) join(client, proxy);
    else tunnel(client, proxy, place);
  });
  const failure = await new Promise<Error | undefined>((resolve) => {
    server.once('error', resolve);
    server.listen(port, address, () => resolve(undefined));
  });
  if (failure === undefined) return;
  const said = `the sandbox cannot have ${address}:${port}: ${failure.message}`;
  if (place === undefined) fail(said, noLoopbackExitCode);
  process.stderr.write(`${said}\n`);
}

/** By CONNECT, RFC 9110 section 9.3.6. A place that the proxy refuses looks like one that closes its connections. */
function tunnel(client: Socket, proxy: Socket, place: string): void {
  let head = Buffer.alloc(0);
  const onChunk = (chunk: Buffer): void => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0 && head.length <= headMaxBytes) return;
    proxy.off('data', onChunk);
    proxy.setTimeout(0);
    if (end < 0 || !head.toString('latin1').startsWith('HTTP/1.1 200 ')) {
      proxy.destroy();
      return;
    }
    client.write(head.subarray(end + 4));
    join(client, proxy);
  };
  proxy.setTimeout(tunnelTimeoutMs, () => proxy.destroy());
  proxy.on('data', onChunk);
  proxy.write(`CONNECT ${place} HTTP/1.1\r\nhost: ${place}\r\n\r\n`);
}

function join(client: Socket, proxy: Socket): void {
  client.pipe(proxy);
  proxy.pipe(client);
}

/** When one is gone, the other goes as soon as it has passed on what it was given. */
function tie(one: Socket, other: Socket): void {
  const bind = (socket: Socket, partner: Socket): void => {
    socket.on('error', () => undefined);
    socket.once('close', () => partner.destroySoon());
  };
  bind(one, other);
  bind(other, one);
}

function fail(message: string, exitCode: number): never {
  process.stderr.write(`${message}\n`);
  process.exit(exitCode);
}
