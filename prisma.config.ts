/**
 * For the Prisma CLI only (`generate`, and to author migrations): the control plane reads its own environment and
 * applies migrations at boot. A plain object, because the CLI is a dependency of the control plane, not of the root.
 */
export default {
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.DATABASE_DIRECT_URL ?? process.env.DATABASE_URL ?? 'postgresql://postgres@127.0.0.1:5432/torii' },
};
