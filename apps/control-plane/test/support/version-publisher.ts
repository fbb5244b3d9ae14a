import { randomUUID } from 'node:crypto';
import { type BuildId, type Follower, type FunctionEntity, idPrefixes } from '@torii/contracts';
import { connectRedis, createLogger, Secret, systemClock } from '@torii/service-kit';
import { built } from './built.js';
import type { TestControlPlane } from './control-plane.js';

type Nest = typeof import('@nestjs/core');
type AppEnv = typeof import('../../src/env.js');
type Versions = typeof import('../../src/functions/function-versions.js');
type Functions = typeof import('../../src/functions/functions.module.js');
type Answers = typeof import('../../src/http/answer.js');
type PlatformModule = typeof import('../../src/platform/platform.module.js');
type Writer = typeof import('../../src/writes/config-writer.service.js');

export interface VersionPublisher {
  /** Does what a build does that made this module of the function as it is now. */
  publish(entity: FunctionEntity, version: string, wasm: Uint8Array, toolchain?: Record<string, string>): Promise<Follower[]>;
  close(): Promise<void>;
}

class PublishingModule {}

/** The part of the control plane that publishes versions, without any builder, on the database of `torii`. */
export async function startVersionPublisher(torii: TestControlPlane): Promise<VersionPublisher> {
  const { NestFactory } = await built<Nest>('@nestjs/core');
  const { readEnv } = await built<AppEnv>('./env.js');
  const { FunctionVersions } = await built<Versions>('./functions/function-versions.js');
  const { FunctionsModule } = await built<Functions>('./functions/functions.module.js');
  const { Answer } = await built<Answers>('./http/answer.js');
  const { platformModule } = await built<PlatformModule>('./platform/platform.module.js');
  const { ConfigWriter } = await built<Writer>('./writes/config-writer.service.js');
  const log = createLogger({ level: 'silent', app: 'version-publisher' });
  const env = readEnv({
    DATABASE_URL: torii.databaseUrl,
    REDIS_URL: torii.redisUrl,
    TORII_REDIS_PREFIX: torii.keyPrefix,
    TORII_HOME: torii.home,
  });
  const connect = (name: string) => connectRedis(torii.redisUrl, { name, log, commandTimeoutMs: 20_000 });
  const redis = [connect('bus'), connect('bus-subscriber'), connect('queue'), connect('queue-subscriber')] as const;
  const [busRedis, busSubscriber, queueRedis, queueSubscriber] = redis;
  const platform = platformModule({
    env,
    log,
    clock: systemClock,
    busRedis,
    busSubscriber,
    queueRedis,
    queueSubscriber,
    nodeToken: new Secret(torii.nodeToken),
  });
  const app = await NestFactory.createApplicationContext({ module: PublishingModule, imports: [platform, FunctionsModule] }, { logger: false });
  const versions = app.get(FunctionVersions, { strict: false });
  const writer = app.get(ConfigWriter, { strict: false });
  return {
    publish: async (entity, version, wasm, toolchain = { compiler: '1.0.0' }) => {
      const { sha256 } = await torii.api.upload(wasm);
      const buildId = `${idPrefixes.build}_${randomUUID()}` as BuildId;
      const context = { requestId: buildId, actor: 'build', scopes: [], idempotencyKey: undefined, ifMatch: undefined, ifNoneMatch: undefined };
      let followers: Follower[] = [];
      await writer.run({ ...context, method: 'BUILD', path: buildId }, undefined, async (write) => {
        const built = { functionId: entity.id, version, sha256, language: entity.language, toolchain, sourceSha256: entity.source.sha256, buildId };
        followers = await versions.publish(write, built);
        return new Answer(204, undefined);
      });
      return followers;
    },
    close: async () => {
      await app.close();
      for (const connection of redis) connection.disconnect();
    },
  };
}
