-- AlterTable
ALTER TABLE "artifacts" ADD COLUMN     "unused_since" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "function_sources" ADD COLUMN     "paths" TEXT[] DEFAULT ARRAY[]::TEXT[],
ALTER COLUMN "tree" DROP NOT NULL;

-- CreateTable
CREATE TABLE "object_copies" (
    "sha256" TEXT NOT NULL,
    "store" TEXT NOT NULL,
    "workspace" TEXT NOT NULL DEFAULT 'default',
    "size" INTEGER NOT NULL,
    "touched_at" TIMESTAMPTZ(3) NOT NULL,
    "stored_at" TIMESTAMPTZ(3),

    CONSTRAINT "object_copies_pkey" PRIMARY KEY ("sha256","store")
);

-- What is there already. Pieces that no artifact is made of are of uploads that broke off.
INSERT INTO "object_copies" ("sha256", "store", "size", "touched_at", "stored_at")
SELECT c."sha256", 'postgres', COALESCE(a."size", c."size"), now(), CASE WHEN a."sha256" IS NOT NULL THEN now() END
FROM (SELECT "sha256", sum(octet_length("bytes"))::int AS "size" FROM "artifact_chunks" GROUP BY "sha256") c
LEFT JOIN "artifacts" a USING ("sha256");

UPDATE "function_sources" SET "paths" = ARRAY(SELECT jsonb_array_elements("tree"->'files')->>'path');
