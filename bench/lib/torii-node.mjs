import { randomUUID } from 'node:crypto';
import { createServer, get } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { configKeys, NodeRegistry, SnapshotPublisher, sealSnapshot, sha256 } from '../../packages/config-sync/dist/index.js';
import { PluginLimits } from '../../packages/contracts/dist/index.js';
import { freePort, startRedis } from '../../packages/local-infra/dist/index.js';
import { ServerProcess } from './server-process.mjs';

const require = createRequire(new URL('../../packages/config-sync/package.json', import.meta.url));
const { Redis } = require('ioredis');
const entry = fileURLToPath(new URL('../../apps/data-plane/dist/main.js', import.meta.url));
export const nodeToken = 'a-token-for-benchmarks-only';
const answerTimeoutMs = 20_000;

/** One node with a Redis of its own and no control plane: its modules and configurations come from here. */
export class ToriiNode {
  #modules = new Map();
  #incarnation = randomUUID();
  #revision = 0;
  #keys = configKeys('bench');

  /** `env` adds to the node's settings. */
  static async start({ directory, env = {} }) {
    const node = new ToriiNode();
    node.valkey = await startRedis({ dataDir: path.join(directory, 'redis') });
    node.redis = new Redis(node.valkey.url);
    const artifactsUrl = await node.#serveModules();
    node.port = await freePort();
    node.internalPort = await freePort();
    node.server = new ServerProcess({
      name: 'torii',
      command: process.execPath,
      args: [entry],
      cwd: directory,
      env: {
        REDIS_URL: node.valkey.url,
        TORII_REDIS_PREFIX: 'bench',
        TORII_CONTROL_PLANE_URL: artifactsUrl,
        TORII_NODE_TOKEN: nodeToken,
        TORII_HOME: directory,
        TORII_PROXY_HOST: '127.0.0.1',
        TORII_PROXY_PORT: String(node.port),
        TORII_INTERNAL_PORT: String(node.internalPort),
        TORII_DATA_THREADS: '1',
        ...env,
      },
    });
    await node.server.answersAt(`http://127.0.0.1:${node.internalPort}/livez`, (status) => status === 200);
    return node;
  }

  get pid() {
    return this.server.pid;
  }

  /** The module's name in a plugin. */
  addModule(bytes) {
    const digest = sha256(bytes);
    this.#modules.set(digest, bytes);
    return digest;
  }

  /** Drops all modules but the newest, which a run of many would gather. */
  forgetModules(kept) {
    for (const digest of [...this.#modules.keys()].slice(0, -kept)) this.#modules.delete(digest);
  }

  /** Publishes a configuration; resolves with undefined when it is served, else with the reason the node gives. */
  async apply(plugins, routes, timeoutMs = answerTimeoutMs) {
    this.#revision += 1;
    const revision = this.#revision;
    const snapshot = sealSnapshot({ incarnation: this.#incarnation, revision }, { plugins, routes });
    await new SnapshotPublisher(this.redis, this.#keys).publish(snapshot);
    const registry = new NodeRegistry(this.redis, this.#keys);
    for (const endsAt = performance.now() + timeoutMs; performance.now() < endsAt; await delay(20)) {
      const [status] = await registry.list();
      if (status?.active?.revision === revision) return undefined;
      if (status?.rejected?.revision === revision) return `${status.rejected.code}: ${status.rejected.detail}`;
    }
    return `the node did not take it within ${timeoutMs} ms`;
  }

  /**
   * Resolves with the status, the error's code, if it is one, and the id of the report, if the request asked for one. On a
   * connection of its own: `fetch` lets nobody name a host.
   */
  request(host, requestPath, headers = {}) {
    return new Promise((resolve, reject) => {
      const sent = get({ port: this.port, host: '127.0.0.1', path: requestPath, headers: { ...headers, host }, agent: false }, (response) => {
        const { 'x-torii-error': code, 'x-torii-report': reportId } = response.headers;
        response.resume().once('end', () => resolve({ status: response.statusCode, code, reportId }));
      });
      sent.once('error', reject);
    });
  }

  /** The report of a request that is over; it reaches the internal port a moment after the answer. */
  async report(id) {
    const address = `http://127.0.0.1:${this.internalPort}/internal/reports/${id}`;
    for (const endsAt = performance.now() + answerTimeoutMs; performance.now() < endsAt; await delay(5)) {
      const response = await fetch(address, { headers: { authorization: `Bearer ${nodeToken}` } });
      if (response.status === 200) return response.json();
    }
    throw new Error(`there is no report ${id}`);
  }

  async stop() {
    await this.server.stop();
    this.redis.disconnect();
    await this.valkey.stop();
    this.artifacts.closeAllConnections();
    this.artifacts.close();
  }

  async #serveModules() {
    this.artifacts = createServer((request, response) => {
      const bytes = this.#modules.get((request.url ?? '').replace('/internal/artifacts/', ''));
      if (bytes === undefined) response.writeHead(404).end();
      else response.writeHead(200, { 'content-type': 'application/wasm' }).end(bytes);
    });
    await new Promise((resolve) => this.artifacts.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${this.artifacts.address().port}`;
  }
}

/** A plugin as nodes are told it, with what the defaults of the admin API would add. */
export function aPlugin(part) {
  return {
    id: `pl_${randomUUID()}`,
    workspace: 'default',
    version: 1,
    kind: 'backend',
    functionName: 'run',
    wasi: false,
    allowedHosts: [],
    allowPrivate: false,
    grants: [],
    mapStore: 'memory',
    isolation: 'reuse',
    config: {},
    ...part,
    limits: PluginLimits.parse(part.limits ?? {}),
  };
}

/** All requests with this host name go to the plugin. */
export function aRoute(plugin, host) {
  return {
    id: `rt_${randomUUID()}`,
    name: plugin.name,
    workspace: 'default',
    match: [{ hosts: [host], paths: [{ type: 'prefix', value: '/' }], methods: [] }],
    stripPath: true,
    target: { kind: 'function', plugin: plugin.id, version: plugin.version },
  };
}
