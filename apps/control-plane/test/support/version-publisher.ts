import { randomUUID } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import { type BuildId, type Follower, type FunctionEntity, idPrefixes } from '@torii/contracts';
import { connectRedis, createLogger, Secret, systemClock } from '@torii/service-kit';
import { readEnv } from '../../src/env.js';
import { FunctionVersions } from '../../src/functions/function-versions.js';
import { FunctionsModule } from '../../src/functions/functions.module.js';
import { Answer } from '../../src/http/answer.js';
import { platformModule } from '../../src/platform/platform.module.js';
import { ConfigWriter } from '../../src/writes/config-writer.service.js';
import type { TestControlPlane } from './control-plane.js';

export interface VersionPublisher {
  /** Does what a build does that made this module of the function as it is now. */
  publish(entity: FunctionEntity, version: string, wasm: Uint8Array, toolchain?: Record<string, string>): Promise<Follower[]>;
  close(): Promise<void>;
}

class PublishingModule {}

/** The part of the control plane that publishes versions, without any builder, on the database of `torii`. */
export async function startVersionPublisher(torii: TestControlPlane): Promise<VersionPublisher> {
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
