import { z } from 'zod';
import { Sha256 } from './ids.js';

const ExternKind = z.enum(['function', 'table', 'memory', 'global', 'tag']);

/** For a function `params` and `results` hold its value types, such as `["i64","i64"]`. */
export const ModuleImport = z.object({
  module: z.string(),
  name: z.string(),
  kind: ExternKind,
  params: z.array(z.string()).optional(),
  results: z.array(z.string()).optional(),
});
export type ModuleImport = z.infer<typeof ModuleImport>;

export const ModuleExport = ModuleImport.omit({ module: true });
export type ModuleExport = z.infer<typeof ModuleExport>;

/** Wasm bytes addressed by their sha256. */
export const Artifact = z.object({
  sha256: Sha256,
  size: z.int(),
  imports: z.array(ModuleImport),
  exports: z.array(ModuleExport),
  /** What the module's own memory begins with; a plugin's `memoryMaxBytes` cannot be less. */
  memoryMinBytes: z.int().default(0),
  /** Why no plugin can be made of it; left out when one can. */
  unsupported: z.string().optional(),
});
export type Artifact = z.infer<typeof Artifact>;

/** The most bytes an uploaded module may have. */
export const artifactMaxBytes = 64 * 1024 * 1024;
