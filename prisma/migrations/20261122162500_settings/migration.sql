-- CreateTable
CREATE TABLE "settings" (
    "workspace" TEXT NOT NULL DEFAULT 'default',
    "spec" JSONB NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "settings_pkey" PRIMARY KEY ("workspace")
);

-- CreateTable
CREATE TABLE "settings_plugins" (
    "workspace" TEXT NOT NULL DEFAULT 'default',
    "plugin_id" TEXT NOT NULL,

    CONSTRAINT "settings_plugins_pkey" PRIMARY KEY ("workspace","plugin_id")
);

-- CreateIndex
CREATE INDEX "settings_plugins_plugin_id_idx" ON "settings_plugins"("plugin_id");

-- AddForeignKey
ALTER TABLE "settings_plugins" ADD CONSTRAINT "settings_plugins_workspace_fkey" FOREIGN KEY ("workspace") REFERENCES "settings"("workspace") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "settings_plugins" ADD CONSTRAINT "settings_plugins_plugin_id_fkey" FOREIGN KEY ("plugin_id") REFERENCES "plugins"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
