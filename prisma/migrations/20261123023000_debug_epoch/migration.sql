-- Debug tokens are good only for the epoch that they were given out in.
ALTER TABLE "settings" ADD COLUMN "debug_epoch" TEXT;
