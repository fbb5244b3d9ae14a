import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../../packages/local-infra/dist/index.js';
import { ServerProcess } from './server-process.mjs';

/** nginx would close each connection after 1,000 requests; the other servers of a run do not. */
const manyRequests = 1_000_000_000;

/** nginx as a proxy with one worker and kept connections; throws when it is not installed. */
export async function startNginx(directory, upstreamPort) {
  if (spawnSync('nginx', ['-v']).error !== undefined) throw new Error('nginx is not installed');
  const folder = path.join(directory, 'nginx');
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const file = path.join(folder, 'nginx.conf');
  writeFileSync(file, configuration(folder, port, upstreamPort));
  const server = new ServerProcess({ name: 'nginx', command: 'nginx', args: ['-p', folder, '-c', file, '-e', path.join(folder, 'error.log')] });
  server.port = port;
  await server.answersAt(`http://127.0.0.1:${port}/`);
  return server;
}

function configuration(folder, port, upstreamPort) {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `  ${kind}_temp_path ${path.join(folder, kind)};`).join('\n');
  return `daemon off;
worker_processes 1;
pid ${path.join(folder, 'nginx.pid')};
events { worker_connections 1024; }
http {
${temporary}
  access_log ${path.join(folder, 'access.log')};
  upstream kilobyte { server 127.0.0.1:${upstreamPort}; keepalive 256; keepalive_requests ${manyRequests}; }
  server {
    listen 127.0.0.1:${port};
    keepalive_requests ${manyRequests};
    location / {
      proxy_pass http://kilobyte;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
}
`;
}
