-- AlterTable
ALTER TABLE "routes" ADD COLUMN     "match_keys" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- CreateIndex
CREATE INDEX "routes_match_keys_idx" ON "routes" USING GIN ("match_keys");
