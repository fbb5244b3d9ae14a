-- AlterTable
ALTER TABLE "builds" ADD COLUMN     "cancelled_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "function_used_releases" (
    "function_id" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "workspace" TEXT NOT NULL DEFAULT 'default',
    "deleted_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "function_used_releases_pkey" PRIMARY KEY ("function_id","version")
);

-- AddForeignKey
ALTER TABLE "function_used_releases" ADD CONSTRAINT "function_used_releases_function_id_fkey" FOREIGN KEY ("function_id") REFERENCES "functions"("id") ON DELETE CASCADE ON UPDATE CASCADE;
