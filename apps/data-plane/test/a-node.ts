import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { configKeys, SnapshotPublisher, sealSnapshot, sha256 } from '@torii/config-sync';
import { PluginLimits, type SnapshotPlugin, type SnapshotRoute, type SnapshotSlot } from '@torii/contracts';
import { eventually, type RunningDataPlane, spawnDataPlane, testRedis } from '@torii/test-kit';
import { Redis } from 'ioredis';

export const nodeToken = 'a-token-for-tests-only';

/** Answers `/internal/artifacts/{sha256}` as the control plane does. */
export class ArtifactServer {
  readonly bytes = new Map<string, Uint8Array>();
  requests = 0;
  private readonly server: Server;

  constructor() {
    this.server = createServer((req, res) => {
      this.requests += 1;
      const found = this.bytes.get((req.url ?? '').replace('/internal/artifacts/', ''));
      if (req.headers.authorization !== `Bearer ${nodeToken}`) res.writeHead(401).end();
      else if (found === undefined) res.writeHead(404).end();
      else res.writeHead(200, { 'content-type': 'application/wasm' }).end(found);
    });
  }

  add(bytes: Uint8Array): string {
    const digest = sha256(bytes);
    this.bytes.set(digest, bytes);
    return digest;
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const address = this.server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

interface Readiness {
  httpStatus: number;
  checks: { configuration: { ok: boolean; revision: number | null; detail?: string }; redis: { ok: boolean } };
}

/** A whole node, spawned, with Redis and artifacts around it; configurations are published as the control plane does. */
export class TestNode {
  readonly artifacts = new ArtifactServer();
  readonly incarnation = randomUUID();
  revision = 0;
  /** Of what is published from now on. */
  debugEpoch: string | undefined;
  stateDirectory = '';
  controlPlaneUrl = '';
  private redis: Redis | undefined;
  private running: RunningDataPlane | undefined;

  constructor(private readonly bus: { url: string; keyPrefix: string } = testRedis()) {}

  get node(): RunningDataPlane {
    if (this.running === undefined) throw new Error('the node does not run');
    return this.running;
  }

  get proxyUrl(): string {
    return this.node.proxyUrl;
  }

  get internalUrl(): string {
    return this.node.internalUrl;
  }

  async start(env: Record<string, string> = {}): Promise<void> {
    if (this.stateDirectory === '') {
      this.stateDirectory = await mkdtemp(path.join(tmpdir(), 'torii-node-'));
      this.controlPlaneUrl = await this.artifacts.start();
    }
    this.running = await spawnDataPlane({
      env: {
        REDIS_URL: this.bus.url,
        TORII_REDIS_PREFIX: this.bus.keyPrefix,
        TORII_CONTROL_PLANE_URL: this.controlPlaneUrl,
        TORII_NODE_TOKEN: nodeToken,
        TORII_NODE_STATE: this.stateDirectory,
        TORII_POLL_INTERVAL_MS: '200',
        TORII_DATA_THREADS: '1', // starting one costs most of what a small test costs; those about several say so
        ...env,
      },
    });
  }

  async publish(plugins: SnapshotPlugin[], routes: SnapshotRoute[], globalPlugins?: SnapshotSlot[]): Promise<void> {
    this.redis ??= new Redis(this.bus.url, { maxRetriesPerRequest: 1 });
    this.revision += 1;
    const { incarnation, revision, debugEpoch } = this;
    const snapshot = sealSnapshot({ incarnation, revision }, { plugins, routes, globalPlugins, debugEpoch });
    await new SnapshotPublisher(this.redis, configKeys(this.bus.keyPrefix)).publish(snapshot);
  }

  /** Publishes and waits until the node serves it. */
  async apply(plugins: SnapshotPlugin[], routes: SnapshotRoute[], globalPlugins?: SnapshotSlot[]): Promise<void> {
    await this.publish(plugins, routes, globalPlugins);
    await this.servesRevision(this.revision);
  }

  async servesRevision(revision: number): Promise<void> {
    await eventually(async () => {
      const { checks } = await this.readiness();
      if (checks.configuration.revision !== revision) throw new Error(`serves ${JSON.stringify(checks.configuration)}, not ${revision}`);
    });
  }

  async readiness(): Promise<Readiness> {
    const response = await fetch(`${this.internalUrl}/readyz`);
    return { httpStatus: response.status, ...((await response.json()) as Omit<Readiness, 'httpStatus'>) };
  }

  /** A request to the internal port with the node token. */
  asControlPlane(method: string, path: string, body?: unknown): Promise<Response> {
    return fetch(`${this.internalUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${nodeToken}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** Ends the process alone; what is on disk stays. */
  async stopProcess(): Promise<void> {
    await this.running?.stop();
    this.running = undefined;
  }

  async stop(): Promise<void> {
    await this.stopProcess();
    this.redis?.disconnect();
    await this.artifacts.stop();
    await rm(this.stateDirectory, { recursive: true, force: true });
  }
}

/** A slow machine that stands still now and then may not let a call end soon, which only tests of these limits are about. */
const patientLimits = { cpuMs: 100, wallMs: 60_000, queueWaitMs: 60_000 };

export function aPlugin(
  sha256OfModule: string,
  part: Omit<Partial<SnapshotPlugin>, 'limits'> & { limits?: Partial<PluginLimits> } = {},
): SnapshotPlugin {
  return {
    id: `pl_${randomUUID()}` as SnapshotPlugin['id'],
    name: 'a-plugin',
    workspace: 'default',
    version: 1,
    kind: 'backend',
    sha256: sha256OfModule,
    functionName: 'run',
    wasi: false,
    allowedHosts: [],
    allowPrivate: false,
    grants: [],
    mapStore: 'memory',
    isolation: 'reuse',
    config: {},
    ...part,
    limits: PluginLimits.parse({ ...patientLimits, ...part.limits }),
  };
}

export function aRoute(plugin: SnapshotPlugin, prefix: string, part: Partial<SnapshotRoute> = {}): SnapshotRoute {
  return {
    id: `rt_${randomUUID()}` as SnapshotRoute['id'],
    name: `route${prefix.replaceAll('/', '-')}`,
    workspace: 'default',
    match: [{ hosts: [], paths: [{ type: 'prefix', value: prefix }], methods: [] }],
    stripPath: true,
    target: { kind: 'function', plugin: plugin.id, version: plugin.version },
    ...part,
  };
}
