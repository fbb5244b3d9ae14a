import { tmpdir } from 'node:os';
import path from 'node:path';

/**
 * The folder in which all builders of a test run keep what Go builds begin with, because to make that takes the time of
 * several builds. `npm test` gives each run a folder for temporary files, and removes it: a run begins with nothing.
 */
export function sharedGoSeeds(): string {
  return path.join(tmpdir(), `torii-go-seeds-${process.getuid?.()}`);
}
