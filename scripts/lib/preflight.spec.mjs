import net from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { preflight } from './preflight.mjs';
import { readSettings } from './settings.mjs';

const anyPorts = { TORII_PROXY_PORT: '0', TORII_INTERNAL_PORT: '0', TORII_ADMIN_PORT: '0' };

describe('preflight', () => {
  const servers = [];
  const listen = async (host, onConnection = () => {}) => {
    const server = net.createServer((socket) => {
      // A socket that is never read never sees its end, and the server could not close.
      socket.on('error', () => {}).resume();
      onConnection(socket);
    });
    servers.push(server);
    await new Promise((resolve) => server.listen(0, host, resolve));
    return server.address().port;
  };
  afterEach(async () => {
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  });

  it.each(['127.0.0.1', '0.0.0.0'])('says which setting moves a port that is in use on %s', async (host) => {
    const port = await listen(host);
    const settings = readSettings({ ...anyPorts, TORII_ADMIN_PORT: String(port) }, []);
    await expect(preflight(settings)).rejects.toThrow(`port ${port} is in use: set TORII_ADMIN_PORT to another`);
  });

  it('refuses one port for two things', async () => {
    const settings = readSettings({ ...anyPorts, TORII_PROXY_PORT: '21000', TORII_INTERNAL_PORT: '21001' }, []);
    await expect(preflight(settings)).rejects.toThrow('port 21001 is meant for two things');
  });

  it('takes a Redis that answers, logged in with the password of its address', async () => {
    const received = [];
    const port = await listen('127.0.0.1', (socket) => {
      socket.on('data', (bytes) => {
        received.push(String(bytes));
        if (received.join('').endsWith('PING\r\n')) socket.end('+OK\r\n+PONG\r\n');
      });
    });
    await preflight(readSettings({ ...anyPorts, REDIS_URL: `redis://user:p%40ss@127.0.0.1:${port}` }, []));
    expect(received.join('')).toBe('*3\r\n$4\r\nAUTH\r\n$4\r\nuser\r\n$4\r\np@ss\r\n*1\r\n$4\r\nPING\r\n');
  });

  it.each([
    ['refuses the login', '-WRONGPASS invalid username-password pair\r\n', 'WRONGPASS invalid username-password pair'],
    ['is something else', 'SSH-2.0-OpenSSH_9.2\r\n', 'SSH-2.0'],
  ])('says why when the server %s, and keeps the password to itself', async (_what, greeting, reason) => {
    const port = await listen('127.0.0.1', (socket) => {
      socket.end(greeting);
    });
    const failure = await preflight(readSettings({ ...anyPorts, REDIS_URL: `redis://:hunter2@127.0.0.1:${port}` }, [])).catch((error) => error);
    expect(failure.message).toContain(reason);
    expect(failure.message).not.toContain('hunter2');
  });

  it('says that a database cannot be reached', async () => {
    const settings = readSettings({ ...anyPorts, DATABASE_URL: 'postgresql://torii:hunter2@127.0.0.1:1/torii' }, []);
    await expect(preflight(settings)).rejects.toThrow('DATABASE_URL postgresql://torii@127.0.0.1:1/torii cannot be reached (ECONNREFUSED)');
  });
});
