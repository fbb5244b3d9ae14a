import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type Clock, connectRedis, Lifecycle, type Logger, readOrCreateSecretFile, type Secret, systemClock } from '@torii/service-kit';
import type { Redis } from 'ioredis';
import { ApiKeysService } from './api-keys/api-keys.service.js';
import { ensureFirstAdminKey } from './api-keys/first-admin-key.js';
import { appModule } from './app.module.js';
import { ArtifactsController } from './artifacts/artifacts.controller.js';
import { addAuthentication } from './auth/authentication.hook.js';
import { BuildsController } from './builds/builds.controller.js';
import type { Env } from './env.js';
import { FunctionFilesController } from './functions/function-files.controller.js';
import { FunctionVersionsController } from './functions/function-versions.controller.js';
import { FunctionsController } from './functions/functions.controller.js';
import { addAccessLog } from './http/access-log.js';
import { addBodyParsers } from './http/body-parsers.js';
import { createFastify } from './http/fastify-server.js';
import { ImportOtoroshiController } from './import-otoroshi/import-otoroshi.controller.js';
import { LanguagesController } from './languages/languages.controller.js';
import { NodesController } from './nodes/nodes.controller.js';
import { serveApiDocs } from './openapi/api-docs.js';
import { openApiDocument } from './openapi/openapi-document.js';
import { NestLogger } from './platform/nest-logger.js';
import { PluginsController } from './plugins/plugins.controller.js';
import { migrate } from './prisma/migrate.js';
import { PrismaService } from './prisma/prisma.service.js';
import { RoutesController } from './routes/routes.controller.js';
import { RunsController } from './runs/runs.controller.js';
import { SettingsController } from './settings/settings.controller.js';
import { RevisionsService } from './snapshots/revisions.service.js';
import { TailController } from './tail/tail.controller.js';
import { TemplatesController } from './templates/templates.controller.js';
import { TesterController } from './tester/tester.controller.js';

/** Whose operations the OpenAPI document describes. */
const apiControllers = [
  PluginsController,
  RoutesController,
  SettingsController,
  ArtifactsController,
  FunctionsController,
  FunctionFilesController,
  FunctionVersionsController,
  BuildsController,
  RunsController,
  TesterController,
  LanguagesController,
  TemplatesController,
  NodesController,
  ImportOtoroshiController,
  TailController,
];

const databaseConnectTimeoutMs = 10_000;
const migrationStatementTimeoutMs = 120_000;
/** A server that writes its data to disk, or shares its machine, stands still for a second or two now and then. */
const redisCommandTimeoutMs = 5_000;
/** Requests still under way when the process is told to stop have this long to finish. */
const drainTimeoutMs = 7_000;

const migrationsDirectory = fileURLToPath(new URL('../../../prisma/migrations', import.meta.url));

export interface ControlPlane {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  readonly nodeToken: Secret;
  /** Everything that is served, as registered. */
  readonly routes: readonly ServedRoute[];
  close(): Promise<void>;
}

export interface ServedRoute {
  readonly method: string;
  readonly url: string;
}

export interface AppDeps {
  readonly env: Env;
  readonly log: Logger;
  readonly clock?: Clock;
}

/**
 * Migrates the database, starts the control plane and answers when it accepts requests. Redis may be away: then
 * publishing waits for it. Throws, with everything closed again, when the database cannot be used or the port is taken.
 */
export async function createApp(deps: AppDeps): Promise<ControlPlane> {
  const lifecycle = new Lifecycle(deps.log);
  try {
    return await start(deps, lifecycle);
  } catch (error) {
    await lifecycle.close();
    throw error;
  }
}

async function start({ env, log, clock = systemClock }: AppDeps, lifecycle: Lifecycle): Promise<ControlPlane> {
  const applied = await migrate({
    url: env.databaseDirectUrl,
    directory: migrationsDirectory,
    connectTimeoutMs: databaseConnectTimeoutMs,
    statementTimeoutMs: migrationStatementTimeoutMs,
  });
  for (const migration of applied) log.info({ migration }, 'migration applied');

  const nodeToken = env.nodeToken ?? (await readOrCreateSecretFile(path.join(env.home, 'node-token')));
  const connect = (url: string, name: string): Redis => {
    const redis = connectRedis(url, { name, log, commandTimeoutMs: redisCommandTimeoutMs });
    lifecycle.onClose(`redis ${name}`, () => redis.disconnect());
    return redis;
  };
  const busRedis = connect(env.busRedisUrl, 'control-plane');
  const busSubscriber = connect(env.busRedisUrl, 'control-plane-subscriber');
  const queueRedis = connect(env.queueRedisUrl, 'control-plane-queue');
  const queueSubscriber = connect(env.queueRedisUrl, 'control-plane-queue-subscriber');

  const fastify = createFastify();
  const routes: ServedRoute[] = [];
  fastify.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) if (one !== 'HEAD') routes.push({ method: one, url });
  });
  addAccessLog(fastify, log);
  addBodyParsers(fastify);
  const module = appModule({ env, log, clock, busRedis, busSubscriber, queueRedis, queueSubscriber, nodeToken });
  const app = await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(fastify), {
    logger: new NestLogger(log),
    bodyParser: false,
    abortOnError: false,
  });
  lifecycle.onClose('http and nest', async () => {
    // Requests under way may finish, but not hold the process up.
    const timer = setTimeout(() => fastify.server.closeAllConnections(), drainTimeoutMs);
    await app.close();
    clearTimeout(timer);
  });

  await app.get(RevisionsService, { strict: false }).ensureState();
  const apiKeys = app.get(ApiKeysService, { strict: false });
  const prisma = app.get(PrismaService, { strict: false });
  const keyFile = await ensureFirstAdminKey({ prisma, apiKeys, clock, home: env.home });
  if (keyFile !== undefined) log.info({ file: path.resolve(keyFile) }, 'first admin key written');

  addAuthentication(fastify, { apiKeys, nodeToken });
  await serveApiDocs(fastify, () => openApiDocument(apiControllers));
  await app.listen(env.port, env.host);
  const { port } = fastify.server.address() as AddressInfo;
  return { host: env.host, port, url: `http://${urlHost(env.host)}:${port}`, nodeToken, routes, close: () => lifecycle.close() };
}

function urlHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
