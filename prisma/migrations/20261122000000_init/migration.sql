-- CreateTable
CREATE TABLE "config_state" (
    "workspace" TEXT NOT NULL DEFAULT 'default',
    "incarnation" UUID NOT NULL,
    "revision" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "config_state_pkey" PRIMARY KEY ("workspace")
);

-- CreateTable
CREATE TABLE "revisions" (
    "workspace" TEXT NOT NULL DEFAULT 'default',
    "revision" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "actor" TEXT NOT NULL,
    "summary" TEXT NOT NULL,

    CONSTRAINT "revisions_pkey" PRIMARY KEY ("workspace","revision")
);

-- CreateTable
CREATE TABLE "plugins" (
    "id" TEXT NOT NULL,
    "workspace" TEXT NOT NULL DEFAULT 'default',
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "tags" TEXT[],
    "version" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "plugins_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "plugin_versions" (
    "plugin_id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "workspace" TEXT NOT NULL DEFAULT 'default',
    "spec" JSONB NOT NULL,
    "resolved_sha256" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "plugin_versions_pkey" PRIMARY KEY ("plugin_id","version")
);

-- CreateTable
CREATE TABLE "routes" (
    "id" TEXT NOT NULL,
    "workspace" TEXT NOT NULL DEFAULT 'default',
    "name" TEXT NOT NULL,
    "enabled" BOOLEAN NOT NULL,
    "tags" TEXT[],
    "spec" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "routes_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "route_plugins" (
    "route_id" TEXT NOT NULL,
    "plugin_id" TEXT NOT NULL,
    "workspace" TEXT NOT NULL DEFAULT 'default',

    CONSTRAINT "route_plugins_pkey" PRIMARY KEY ("route_id","plugin_id")
);

-- CreateTable
CREATE TABLE "artifacts" (
    "sha256" TEXT NOT NULL,
    "workspace" TEXT NOT NULL DEFAULT 'default',
    "size" INTEGER NOT NULL,
    "description" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "artifacts_pkey" PRIMARY KEY ("sha256")
);

-- CreateTable
CREATE TABLE "artifact_chunks" (
    "sha256" TEXT NOT NULL,
    "seq" INTEGER NOT NULL,
    "workspace" TEXT NOT NULL DEFAULT 'default',
    "bytes" BYTEA NOT NULL,

    CONSTRAINT "artifact_chunks_pkey" PRIMARY KEY ("sha256","seq")
);

-- CreateTable
CREATE TABLE "audit" (
    "id" TEXT NOT NULL,
    "workspace" TEXT NOT NULL DEFAULT 'default',
    "at" TIMESTAMPTZ(3) NOT NULL,
    "actor" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "entity_kind" TEXT NOT NULL,
    "entity_id" TEXT NOT NULL,
    "entity_name" TEXT NOT NULL,
    "revision" BIGINT,
    "before" JSONB,
    "after" JSONB,
    "request_id" TEXT NOT NULL,

    CONSTRAINT "audit_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "admin_keys" (
    "id" TEXT NOT NULL,
    "workspace" TEXT NOT NULL DEFAULT 'default',
    "name" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "prefix" TEXT NOT NULL,
    "scopes" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "admin_keys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "idempotency_keys" (
    "workspace" TEXT NOT NULL DEFAULT 'default',
    "principal" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "status" INTEGER NOT NULL,
    "headers" JSONB NOT NULL,
    "body" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY ("workspace","principal","key")
);

-- CreateIndex
CREATE UNIQUE INDEX "plugins_workspace_name_key" ON "plugins"("workspace", "name");

-- CreateIndex
CREATE INDEX "plugin_versions_resolved_sha256_idx" ON "plugin_versions"("resolved_sha256");

-- CreateIndex
CREATE UNIQUE INDEX "routes_workspace_name_key" ON "routes"("workspace", "name");

-- CreateIndex
CREATE INDEX "route_plugins_plugin_id_idx" ON "route_plugins"("plugin_id");

-- CreateIndex
CREATE INDEX "audit_workspace_at_idx" ON "audit"("workspace", "at");

-- CreateIndex
CREATE INDEX "audit_workspace_entity_kind_entity_id_idx" ON "audit"("workspace", "entity_kind", "entity_id");

-- CreateIndex
CREATE UNIQUE INDEX "admin_keys_hash_key" ON "admin_keys"("hash");

-- CreateIndex
CREATE UNIQUE INDEX "admin_keys_workspace_name_key" ON "admin_keys"("workspace", "name");

-- CreateIndex
CREATE INDEX "idempotency_keys_created_at_idx" ON "idempotency_keys"("created_at");

-- AddForeignKey
ALTER TABLE "plugin_versions" ADD CONSTRAINT "plugin_versions_plugin_id_fkey" FOREIGN KEY ("plugin_id") REFERENCES "plugins"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "plugin_versions" ADD CONSTRAINT "plugin_versions_resolved_sha256_fkey" FOREIGN KEY ("resolved_sha256") REFERENCES "artifacts"("sha256") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "route_plugins" ADD CONSTRAINT "route_plugins_route_id_fkey" FOREIGN KEY ("route_id") REFERENCES "routes"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "route_plugins" ADD CONSTRAINT "route_plugins_plugin_id_fkey" FOREIGN KEY ("plugin_id") REFERENCES "plugins"("id") ON DELETE RESTRICT ON UPDATE CASCADE;


