import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  createTestDatabase,
  eventually,
  type OwnRedis,
  type RunningBuilder,
  type RunningControlPlane,
  type RunningDataPlane,
  spawnBuilder,
  spawnControlPlane,
  spawnDataPlane,
  startOwnRedis,
  type TestDatabase,
} from '@torii/test-kit';
import { type Answer, type Send, send } from './http.js';

/** The first build in a language may compile that language's library. */
const buildTimeoutMs = 280_000;

/** A control plane and its nodes as an operator runs them, each in a process of its own, with a Redis that can be stopped. */
export class Gateway {
  readonly nodes: RunningDataPlane[] = [];
  readonly builders: RunningBuilder[] = [];
  private home = '';
  private database: TestDatabase | undefined;
  private redisServer: OwnRedis | undefined;
  private controlPlane: RunningControlPlane | undefined;

  constructor(
    private readonly nodeCount: number,
    /** Environment of nodes and builders. */
    private readonly nodeEnv: Record<string, string> = {},
    private readonly builderCount = 0,
    private readonly controlPlaneEnv: Record<string, string> = {},
  ) {}

  get redis(): OwnRedis {
    return present(this.redisServer);
  }

  async start(): Promise<void> {
    this.home = await mkdtemp(path.join(tmpdir(), 'torii-e2e-'));
    [this.database, this.redisServer] = await Promise.all([createTestDatabase(), startOwnRedis()]);
    await this.startApps();
  }

  /** The control plane first: nodes learn its address, which is another at each start of a test. */
  async startApps(): Promise<void> {
    const redis = { REDIS_URL: this.redis.url, TORII_HOME: this.home };
    this.controlPlane = await spawnControlPlane({ env: { ...redis, DATABASE_URL: present(this.database).url, ...this.controlPlaneEnv } });
    this.nodes.push(
      ...(await Promise.all(
        Array.from({ length: this.nodeCount }, (_, index) =>
          spawnDataPlane({
            env: {
              ...redis,
              TORII_CONTROL_PLANE_URL: present(this.controlPlane).url,
              TORII_NODE_STATE: path.join(this.home, `node-${index}`),
              TORII_DATA_THREADS: '1',
              ...this.nodeEnv,
            },
          }),
        ),
      )),
    );
    const controlPlaneUrl = this.controlPlane.url;
    const builders = Array.from({ length: this.builderCount }, () =>
      spawnBuilder({
        env: { ...redis, TORII_CONTROL_PLANE_URL: controlPlaneUrl, ...this.nodeEnv },
      }),
    );
    this.builders.push(...(await Promise.all(builders)));
  }

  async stopApps(): Promise<void> {
    await Promise.all([...this.nodes.splice(0), ...this.builders.splice(0)].map((app) => app.stop()));
    await this.stopControlPlane();
  }

  async stopControlPlane(): Promise<void> {
    await this.controlPlane?.stop();
    this.controlPlane = undefined;
  }

  async stop(): Promise<void> {
    await this.stopApps();
    await this.redisServer?.stop();
    await this.database?.drop();
    await rm(this.home, { recursive: true, force: true });
  }

  /** Of the admin API, without a slash at the end. */
  get adminUrl(): string {
    return present(this.controlPlane).url;
  }

  /** What shows the key made at first boot. */
  get adminHeaders(): Record<string, string> {
    return { authorization: `Bearer ${present(this.controlPlane).adminKey}` };
  }

  /** A call of the admin API with the key made at first boot. */
  async admin(method: string, resource: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const isBytes = body instanceof Uint8Array;
    return send(`${this.adminUrl}${resource}`, {
      method,
      headers: {
        ...this.adminHeaders,
        ...(body === undefined ? {} : { 'content-type': isBytes ? 'application/wasm' : 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isBytes ? body : JSON.stringify(body) }),
    });
  }

  /** The same, and fails unless the answer is one of success. */
  async must(method: string, resource: string, body?: unknown): Promise<Answer> {
    const answer = await this.admin(method, resource, body);
    if (answer.status >= 300) throw new Error(`${method} ${resource} answered ${answer.status}: ${answer.text}`);
    return answer;
  }

  /** Builds a function as it is, or a release of it; answers the build once it has ended, however. */
  // biome-ignore lint/suspicious/noExplicitAny: answers of the API are read by tests as a user's script would
  async build(name: string, body: object = {}): Promise<any> {
    const { id } = (await this.must('POST', `/api/v1/functions/${name}/builds`, body)).json;
    const over = async () => {
      const { json } = await this.must('GET', `/api/v1/builds/${id}`);
      return ['succeeded', 'failed', 'cancelled'].includes(json.status) && json;
    };
    return eventually(over, { timeoutMs: buildTimeoutMs, intervalMs: 100 });
  }

  /** A request to one node's proxy. */
  proxy(node: number, pathAndQuery: string, options: Send & { host?: string } = {}): Promise<Answer> {
    const { host, ...rest } = options;
    return send(`${present(this.nodes[node]).proxyUrl}${pathAndQuery}`, {
      ...rest,
      headers: { ...rest.headers, ...(host === undefined ? {} : { host }) },
    });
  }

  /** Waits until every node gives this answer. */
  async everywhere(pathAndQuery: string, options: Send & { host?: string }, holds: (answer: Answer) => boolean): Promise<void> {
    await eventually(async () => {
      for (const index of this.nodes.keys()) {
        const answer = await this.proxy(index, pathAndQuery, options);
        if (!holds(answer)) throw new Error(`node ${index} answered ${answer.status}: ${answer.text.slice(0, 500)}`);
      }
    });
  }
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the gateway is not started');
  return value;
}
