import { readFile } from 'node:fs/promises';
import { compileWat } from './wat.js';

/** The files of `packages/test-kit/wasm/hostile`. */
export const hostileNames = [
  'answers',
  'endless',
  'host-storm',
  'initialize-grow',
  'initialize-loop',
  'initialize-sleep',
  'initialize-storm',
  'memory-bombs',
  'numbers',
  'outputs',
  'recursion',
  'start-loop',
  'start-trap',
  'wasi-abuse',
] as const;

export type HostileName = (typeof hostileNames)[number];

/** A guest that is up to no good, compiled; what each of its exports tries, its file says. */
export async function hostileGuest(name: HostileName): Promise<Uint8Array> {
  return compileWat(await readFile(new URL(`../wasm/hostile/${name}.wat`, import.meta.url), 'utf8'));
}
