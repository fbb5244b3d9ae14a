import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import type { Logger } from '@torii/service-kit';
import pg from 'pg';
import type { Env } from '../env.js';
import { ENV, LOGGER } from '../platform/tokens.js';
import { type Prisma, PrismaClient } from './generated/client.js';

/** What a transaction hands to its callback. */
export type Transaction = Prisma.TransactionClient;

const connectTimeoutMs = 10_000;
const statementTimeoutMs = 30_000;
const connectionsMax = 10;

/** The database. Connections are opened when needed, and found again after the database was away. */
@Injectable()
export class PrismaService extends PrismaClient implements OnApplicationShutdown {
  /** The same connections without Prisma in between, for bytes: Prisma would carry them as base64. */
  readonly pool: pg.Pool;

  constructor(@Inject(ENV) env: Env, @Inject(LOGGER) log: Logger) {
    const pool = new pg.Pool({
      connectionString: env.databaseUrl,
      connectionTimeoutMillis: connectTimeoutMs,
      statement_timeout: statementTimeoutMs,
      max: connectionsMax,
      application_name: 'torii-control-plane',
    });
    pool.on('error', (error) => log.warn({ err: error }, 'idle database connection lost'));
    super({
      adapter: new PrismaPg(pool),
      // How long a transaction may wait for a connection, and then take: writes come one after another.
      transactionOptions: { maxWait: 10_000, timeout: 20_000 },
    });
    this.pool = pool;
  }

  /** After the last request is served. */
  async onApplicationShutdown(): Promise<void> {
    await this.$disconnect();
    await this.pool.end();
  }
}
