import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { bootstrap } from '../bootstrap.mjs';
import { AppProcess } from './app-process.mjs';
import { appNode, checkout, UserError } from './checkout.mjs';
import { demoQuery, seedDemo, waitForDemo } from './demo.mjs';
import { anyFreePort } from './preflight.mjs';
import { print, seconds, step, stopPrograms } from './progress.mjs';
import { shownUrl } from './settings.mjs';

const readyMessages = new Set(['control plane ready', 'data plane ready', 'builder ready']);
const demoApiHost = 'api-adresse.data.gouv.fr';

/** Everything that `npm start` runs: the servers, the control plane, the nodes, and the demo on them. */
export class Stack {
  constructor(settings, startedMs) {
    this.settings = settings;
    this.startedMs = startedMs;
    this.isStopping = false;
    /** In the order in which they were started. */
    this.servers = [];
    this.apps = [];
    this.nodes = [];
  }

  async start() {
    const { settings } = this;
    mkdirSync(settings.home, { recursive: true, mode: 0o700 });
    // The servers start while the apps still build.
    let servers = Promise.resolve({});
    await bootstrap({
      isForRunning: true,
      whenInfraIsBuilt: () => {
        servers = this.startServers();
        // Handled below; a failure must not end the process before the build's own.
        servers.catch(() => {});
      },
    });
    const urls = await servers;
    await this.choosePorts();
    await step('apps', () => this.startApps(urls));
    await step('demo', () => this.startDemo());
    this.printReady();
  }

  /** Apps first, then what they use, each part with a deadline of its own. */
  async stop() {
    this.isStopping = true;
    stopPrograms();
    if (this.servers.length + this.apps.length > 0) print('stopping');
    await Promise.all(this.nodes.map((node) => node.stop()));
    for (const app of [...this.apps].reverse()) await app.stop();
    for (const server of [...this.servers].reverse()) await server.stop();
  }

  kill() {
    for (const app of [...this.nodes, ...this.apps]) app.kill();
    for (const server of this.servers) process.kill(server.pid(), 'SIGKILL');
  }

  async startServers() {
    const { databaseUrl, redisUrl, home } = this.settings;
    const infra = await import('../../packages/local-infra/dist/index.js');
    const onEvent = (event) => {
      if (!this.isStopping) print(event.kind === 'died' ? `${event.server} ${event.detail}; it is started again` : `${event.server} runs again`);
    };
    const started = (server) => {
      this.servers.push(server);
      return server;
    };
    const postgres = async () => {
      if (databaseUrl !== undefined) return await this.checkDatabase(infra, databaseUrl);
      const server = started(await infra.startPostgres({ dataDir: path.join(home, 'postgres'), onEvent }).catch(asUserError(infra)));
      await infra.createDatabase(server.urlOf('postgres'), 'torii');
      return server.urlOf('torii');
    };
    const redis = async () => redisUrl ?? started(await infra.startRedis({ dataDir: path.join(home, 'redis'), nodePath: appNode(), onEvent })).url;
    const [database, bus] = await step('servers', () => Promise.all([postgres(), redis()]));
    return { DATABASE_URL: database, REDIS_URL: bus };
  }

  async checkDatabase(infra, url) {
    if (await infra.canQuery(url)) return url;
    throw new UserError(
      `DATABASE_URL ${shownUrl(url)} does not let us in: check user, password and database, or unset it to use the embedded PostgreSQL`,
    );
  }

  /** A port of 0 is settled now, so that an app that is started again comes back on the same one. */
  async choosePorts() {
    for (const port of [this.settings.admin, this.settings.builder, ...this.settings.nodes.flatMap((node) => [node.proxy, node.internal])]) {
      if (port.port === 0) port.port = await anyFreePort();
    }
  }

  async startApps(urls) {
    const { settings } = this;
    const common = {
      ...process.env,
      ...urls,
      TORII_HOME: settings.home,
      TORII_CONTROL_PLANE_URL: `http://127.0.0.1:${settings.admin.port}`,
    };
    const overrides = settings.isLive ? {} : await this.startAddressApi();
    const controlPlane = this.app('control-plane', ['apps', 'control-plane', 'dist', 'main.js'], {
      ...common,
      TORII_ADMIN_PORT: String(settings.admin.port),
    });
    this.apps.push(controlPlane);
    this.nodes = settings.nodes.map((node, index) =>
      this.app(node.name, ['apps', 'data-plane', 'dist', 'main.js'], {
        TORII_PROXY_HOST: '127.0.0.1',
        TORII_DATA_THREADS: '1',
        ...common,
        ...overrides,
        TORII_PROXY_PORT: String(node.proxy.port),
        TORII_INTERNAL_PORT: String(node.internal.port),
        TORII_NODE_STATE: path.join(settings.home, 'nodes', String(index + 1)),
      }),
    );
    // Stopped before the control plane, which it hands what it has not finished.
    const builder = this.app('builder', ['apps', 'builder', 'dist', 'main.js'], {
      TORII_BUILD_DRAIN_MS: '5000',
      ...common,
      ...overrides,
      TORII_BUILDER_PORT: String(settings.builder.port),
    });
    this.apps.push(builder);
    await Promise.all([controlPlane, builder, ...this.nodes].map((app) => app.start()));
  }

  app(name, entry, env) {
    return new AppProcess({
      name,
      // One of our libraries loads node:wasi without using it.
      command: [appNode(), '--disable-warning=ExperimentalWarning', path.join(checkout, ...entry)],
      cwd: checkout,
      env,
      logFile: path.join(this.settings.home, 'logs', `${name}.log`),
      isReady: (line) => readyMessages.has(line?.msg),
      say: print,
    });
  }

  /** A stand-in for the service that the demo's function calls, so that it works without the internet. */
  async startAddressApi() {
    const api = new AppProcess({
      name: 'address-api',
      command: [appNode(), path.join(checkout, 'examples', 'geolocation-go', 'address-api.mjs'), '--port', String(await anyFreePort())],
      cwd: checkout,
      env: { ...process.env },
      logFile: path.join(this.settings.home, 'logs', 'address-api.log'),
      isReady: (_entry, line) => line.startsWith('listening '),
      say: print,
    });
    this.apps.push(api);
    const { line } = await api.start();
    const others = process.env.TORII_EGRESS_OVERRIDES;
    const own = `${demoApiHost}=http://127.0.0.1:${line.split(' ')[1]}`;
    return { TORII_EGRESS_OVERRIDES: others === undefined ? own : `${others},${own}` };
  }

  async startDemo() {
    const keyFile = path.join(this.settings.home, 'admin-key');
    if (!existsSync(keyFile)) {
      throw new UserError(
        `${keyFile} is missing, so the demo cannot be set up: put an admin key of this database there, or start with a new database`,
      );
    }
    await seedDemo(`http://127.0.0.1:${this.settings.admin.port}`, readFileSync(keyFile, 'utf8').trim());
    await Promise.all(this.settings.nodes.map((node) => waitForDemo(node.proxy.port)));
  }

  printReady() {
    const { admin, nodes, home, isLive } = this.settings;
    const [first, second] = nodes;
    const shown = (file) => path.relative(process.cwd(), path.join(home, file)) || home;
    print('');
    print(`  admin API    http://localhost:${admin.port}/docs`);
    print(`  admin key    ${shown('admin-key')}`);
    print(`  logs         ${shown('logs')}`);
    print(`  try it       curl 'http://localhost:${first.proxy.port}${demoQuery}'`);
    print(`               curl 'http://localhost:${second.proxy.port}${demoQuery}'    (the second node)`);
    print(`               curl -H "authorization: Bearer $(cat ${shown('admin-key')})" http://localhost:${admin.port}/api/v1/routes`);
    if (!isLive) print(`  ${demoApiHost} is a local stand-in; npm start -- --live calls the real one`);
    print('');
    print(`ready in ${seconds(this.startedMs)}`);
  }
}

function asUserError(infra) {
  return (error) => {
    throw error instanceof infra.UnavailableError ? new UserError(error.message) : error;
  };
}
