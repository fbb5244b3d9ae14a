import net from 'node:net';
import tls from 'node:tls';
import { UserError } from './checkout.mjs';
import { portsOf, shownUrl } from './settings.mjs';

const answerTimeoutMs = 5_000;
const defaultPorts = { 'postgres:': 5432, 'postgresql:': 5432, 'redis:': 6379, 'rediss:': 6379 };

/**
 * Finds out what would fail later, before anything is installed.
 *
 * @throws {UserError} that names the setting to change
 */
export async function preflight(settings) {
  const seen = new Set();
  for (const { name, port } of portsOf(settings)) {
    if (seen.has(port)) throw new UserError(`port ${port} is meant for two things: set ${name} to another`);
    seen.add(port);
  }
  for (const { name, port } of portsOf(settings)) {
    const problem = await problemOfPort(port);
    if (problem !== undefined) throw new UserError(`port ${port} ${problem}: set ${name} to another`);
  }
  if (settings.redisUrl !== undefined) await checkRedis(settings.redisUrl);
  if (settings.databaseUrl !== undefined) await checkReachable('DATABASE_URL', settings.databaseUrl);
}

/** @returns {Promise<string | undefined>} what is wrong with it; also found when only another address of the machine has it */
async function problemOfPort(port) {
  for (const host of ['127.0.0.1', '0.0.0.0']) {
    const code = await new Promise((resolve) => {
      const server = net.createServer();
      server.once('error', (error) => resolve(error.code));
      server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
    });
    if (code === 'EACCES') return 'may not be opened by this user';
    if (code !== undefined) return 'is in use';
  }
  return undefined;
}

/** A free port of 127.0.0.1 for a setting of 0. */
export function anyFreePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function checkReachable(name, url) {
  const socket = await connect(name, url);
  socket.destroy();
}

/** Connects, logs in with what the address holds, and asks for a PONG. */
async function checkRedis(url) {
  const socket = await connect('REDIS_URL', url);
  const { username, password } = new URL(url);
  const login = password === '' ? [] : ['AUTH', ...(username === '' ? [] : [decodeURIComponent(username)]), decodeURIComponent(password)];
  const reply = await new Promise((resolve) => {
    let text = '';
    socket.setTimeout(answerTimeoutMs, () => resolve('no answer'));
    socket.on('error', (error) => resolve(error.message));
    socket.on('close', () => resolve(text || 'connection closed'));
    socket.on('data', (bytes) => {
      text += bytes;
      if (text.includes('+PONG\r\n') || /^-.*\r\n/m.test(text)) resolve(text);
    });
    socket.write(
      [login, ['PING']]
        .filter((words) => words.length > 0)
        .map(command)
        .join(''),
    );
  });
  socket.destroy();
  if (reply.includes('+PONG')) return;
  const reason = reply.startsWith('-') || reply.includes('\n-') ? /^-(.*)$/m.exec(reply)?.[1].trim() : reply.trim().split('\n')[0].slice(0, 80);
  throw new UserError(`REDIS_URL ${shownUrl(url)} does not answer as Redis (${reason}): correct it, or unset it to use the embedded Valkey`);
}

function connect(name, url) {
  const { protocol, hostname, port } = new URL(url);
  const options = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || defaultPorts[protocol] };
  return new Promise((resolve, reject) => {
    const fail = (reason) =>
      reject(new UserError(`${name} ${shownUrl(url)} cannot be reached (${reason}): correct it, or unset it to use the embedded server`));
    const socket =
      protocol === 'rediss:' ? tls.connect(net.isIP(options.host) === 0 ? { ...options, servername: options.host } : options) : net.connect(options);
    socket.setTimeout(answerTimeoutMs, () => {
      socket.destroy();
      fail('no answer within 5 s');
    });
    socket.once('error', (error) => fail(error.code ?? error.message));
    socket.once(protocol === 'rediss:' ? 'secureConnect' : 'connect', () => {
      socket.removeAllListeners('error');
      socket.setTimeout(0);
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}

/** One command in the protocol of Redis: an array of strings, each with its size. */
function command(words) {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}
