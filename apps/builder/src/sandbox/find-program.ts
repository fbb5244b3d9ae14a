import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

/** What `toolchains add` leaves in each folder of the toolchains; `bin` is relative to that folder. */
const ToolchainFile = z.object({ name: z.string(), version: z.string(), bin: z.string() });

export interface ProgramPlaces {
  /** As in PATH. */
  readonly searchPath: string;
  /** The folder of toolchains, where there is one. */
  readonly toolchains: string | undefined;
  /** Name of the toolchain that may hold it. */
  readonly toolchain: string;
  /** Other folders that it may be in. */
  readonly folders: readonly string[];
}

/** Paths at which a program is there and may be run: first those of a fetched toolchain, then of PATH, then of the others. */
export async function findPrograms(name: string, places: ProgramPlaces): Promise<string[]> {
  const own = await toolchainBin(places);
  const folders = [...(own === undefined ? [] : [own]), ...places.searchPath.split(path.delimiter), ...places.folders];
  const found: string[] = [];
  for (const folder of new Set(folders)) {
    if (!path.isAbsolute(folder)) continue;
    const program = path.join(folder, name);
    const isThere = await access(program, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) found.push(program);
  }
  return found;
}

/** The folder of programs of a fetched toolchain: its `bin`, or the folder of its `bin` when that is a file. */
async function toolchainBin({ toolchains, toolchain }: ProgramPlaces): Promise<string | undefined> {
  if (toolchains === undefined) return undefined;
  const folder = path.resolve(toolchains, toolchain);
  const text = await readFile(path.join(folder, 'toolchain.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const parsed = ToolchainFile.safeParse(parseJson(text));
  if (!parsed.success) return undefined;
  return path.resolve(folder, parsed.data.bin);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
