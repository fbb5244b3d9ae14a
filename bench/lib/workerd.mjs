import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ServerProcess } from './server-process.mjs';

/** Beside which we are measured; not one of the project's dependencies, because it is over 100 MB. */
const workerdVersion = '1.20261117.1';
const packages = { 'linux-x64': 'linux-64', 'linux-arm64': 'linux-arm64', 'darwin-x64': 'darwin-64', 'darwin-arm64': 'darwin-arm64' };
const folder = fileURLToPath(new URL('../.tools/', import.meta.url));

/** The program, fetched with npm into `bench/.tools` when it is not there; throws when it cannot be had. */
export function workerdProgram() {
  const name = packages[`${process.platform}-${process.arch}`];
  if (name === undefined) throw new Error(`there is no workerd for ${process.platform}-${process.arch}`);
  const installed = path.join(folder, 'node_modules', '@cloudflare', `workerd-${name}`);
  const program = path.join(installed, 'bin', 'workerd');
  if (existsSync(program) && JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8')).version === workerdVersion) return program;
  console.log(`fetching workerd ${workerdVersion} into bench/.tools (160 MB)`);
  mkdirSync(folder, { recursive: true });
  const args = ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  const { status } = spawnSync('npm', [...args, `@cloudflare/workerd-${name}@${workerdVersion}`], { stdio: 'inherit', timeout: 300_000 });
  if (status !== 0) throw new Error('npm could not fetch it');
  return program;
}

/** Starts a worker: `script` of `bench/servers`, and modules by file name. */
export async function startWorkerd({ name, program, directory, port, script, modules = {} }) {
  mkdirSync(directory, { recursive: true });
  const servers = fileURLToPath(new URL('../servers/', import.meta.url));
  copyFileSync(path.join(servers, script), path.join(directory, 'worker.js'));
  copyFileSync(fileURLToPath(new URL('answer.mjs', import.meta.url)), path.join(directory, 'answer.mjs'));
  for (const [file, bytes] of Object.entries(modules)) writeFileSync(path.join(directory, file), bytes);
  const embedded = Object.keys(modules).map((file) => `(name = "${file}", wasm = embed "${file}")`);
  writeFileSync(
    path.join(directory, 'config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);
const worker :Workerd.Worker = (
  modules = [${['(name = "worker", esModule = embed "worker.js")', '(name = "answer.mjs", esModule = embed "answer.mjs")', ...embedded].join(', ')}],
  compatibilityDate = "2026-01-01"
);
`,
  );
  const server = new ServerProcess({ name, command: program, args: ['serve', path.join(directory, 'config.capnp')] });
  await server.answersAt(`http://127.0.0.1:${port}/`, (status) => status === 200);
  return server;
}
