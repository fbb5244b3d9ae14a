import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** What scripts/generate-template.mjs says of the template. */
interface Manifest {
  readonly sha256: string;
  /** Of the text of the glue in it. */
  readonly glueSha256: string;
  readonly quickjsWasi: string;
  /** Operations of the glue, in the order of their numbers. */
  readonly operations: readonly string[];
  /** The byte by which the first of them is called; the others follow. */
  readonly firstOperation: number;
  /** Host functions in the order of their numbers. */
  readonly hostFunctions: readonly string[];
}

// Beside the sources and what is built of them alike.
const folder = new URL('../../engine/', import.meta.url);

/** The files that modules are made of: QuickJS with its glue, and the script that runs first in it. */
export interface EngineFiles {
  readonly template: Uint8Array;
  readonly prelude: string;
  readonly manifest: Manifest;
  /** Changes with everything that the engine adds to a module. */
  readonly version: string;
}

let loaded: EngineFiles | undefined;

/** Read once per thread. Throws when a file is missing, or the template is not the one that its manifest tells of. */
export function engineFiles(): EngineFiles {
  loaded ??= load();
  return loaded;
}

function load(): EngineFiles {
  // No Buffer, of which a slice is a view.
  const template = new Uint8Array(readFileSync(new URL('template.wasm', folder)));
  const prelude = readFileSync(new URL('prelude.js', folder), 'utf8');
  const manifest = JSON.parse(readFileSync(new URL('template.json', folder), 'utf8')) as Manifest;
  const sha256 = createHash('sha256').update(template).digest('hex');
  if (sha256 !== manifest.sha256) throw new Error('engine/template.wasm is not the one of engine/template.json; run scripts/generate-template.mjs');
  const version = createHash('sha256').update(sha256).update(prelude).digest('hex').slice(0, 12);
  return { template, prelude, manifest, version };
}
