-- AlterTable
ALTER TABLE "plugin_versions" ADD COLUMN     "follows" TEXT,
ADD COLUMN     "function_id" TEXT,
ADD COLUMN     "function_version" TEXT;

-- CreateTable
CREATE TABLE "functions" (
    "id" TEXT NOT NULL,
    "workspace" TEXT NOT NULL DEFAULT 'default',
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "tags" TEXT[],
    "language" TEXT NOT NULL,
    "spec" JSONB NOT NULL,
    "source_sha256" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "functions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "function_sources" (
    "sha256" TEXT NOT NULL,
    "workspace" TEXT NOT NULL DEFAULT 'default',
    "tree" JSONB NOT NULL,
    "files" INTEGER NOT NULL,
    "bytes" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "function_sources_pkey" PRIMARY KEY ("sha256")
);

-- CreateTable
CREATE TABLE "function_versions" (
    "function_id" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "workspace" TEXT NOT NULL DEFAULT 'default',
    "sha256" TEXT NOT NULL,
    "language" TEXT NOT NULL,
    "toolchain" JSONB NOT NULL,
    "source_sha256" TEXT NOT NULL,
    "build_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "function_versions_pkey" PRIMARY KEY ("function_id","version")
);

-- CreateTable
CREATE TABLE "builds" (
    "id" TEXT NOT NULL,
    "workspace" TEXT NOT NULL DEFAULT 'default',
    "function_id" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "language" TEXT NOT NULL,
    "job" JSONB NOT NULL,
    "source_sha256" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "stage" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "outcome" JSONB,
    "followers" JSONB,
    "log" TEXT,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "builds_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "build_cache" (
    "key" TEXT NOT NULL,
    "workspace" TEXT NOT NULL DEFAULT 'default',
    "build" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "used_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "build_cache_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE INDEX "functions_source_sha256_idx" ON "functions"("source_sha256");

-- CreateIndex
CREATE UNIQUE INDEX "functions_workspace_name_key" ON "functions"("workspace", "name");

-- CreateIndex
CREATE INDEX "function_versions_sha256_idx" ON "function_versions"("sha256");

-- CreateIndex
CREATE INDEX "builds_function_id_created_at_idx" ON "builds"("function_id", "created_at");

-- CreateIndex
CREATE INDEX "builds_status_created_at_idx" ON "builds"("status", "created_at");

-- CreateIndex
CREATE INDEX "build_cache_used_at_idx" ON "build_cache"("used_at");

-- CreateIndex
CREATE INDEX "plugin_versions_function_id_idx" ON "plugin_versions"("function_id");

-- AddForeignKey
ALTER TABLE "plugin_versions" ADD CONSTRAINT "plugin_versions_function_id_fkey" FOREIGN KEY ("function_id") REFERENCES "functions"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "functions" ADD CONSTRAINT "functions_source_sha256_fkey" FOREIGN KEY ("source_sha256") REFERENCES "function_sources"("sha256") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "function_versions" ADD CONSTRAINT "function_versions_function_id_fkey" FOREIGN KEY ("function_id") REFERENCES "functions"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "function_versions" ADD CONSTRAINT "function_versions_sha256_fkey" FOREIGN KEY ("sha256") REFERENCES "artifacts"("sha256") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "function_versions" ADD CONSTRAINT "function_versions_source_sha256_fkey" FOREIGN KEY ("source_sha256") REFERENCES "function_sources"("sha256") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "builds" ADD CONSTRAINT "builds_function_id_fkey" FOREIGN KEY ("function_id") REFERENCES "functions"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "builds" ADD CONSTRAINT "builds_source_sha256_fkey" FOREIGN KEY ("source_sha256") REFERENCES "function_sources"("sha256") ON DELETE RESTRICT ON UPDATE CASCADE;
