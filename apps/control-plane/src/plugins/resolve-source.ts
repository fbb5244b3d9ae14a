import { type AppError, type Artifact, type FieldIssue, type PluginSpec, unavailableInPlugin } from '@torii/contracts';
import { z } from 'zod';
import { toArtifact } from '../artifacts/artifact.mapper.js';
import type { ArtifactsService } from '../artifacts/artifacts.service.js';
import { invalid } from '../http/invalid.js';
import { type JsonObject } from '../http/merge-patch.js';
import type { RequestContext } from '../http/request-context.js';
import type { Transaction } from '../prisma/prisma.service.js';
import { checkModule } from './check-module.js';
import { type FoundModule, type FunctionOrigin, findModules, type NoModule, noModule } from './find-modules.js';
import { withFunction } from './plugin.mapper.js';

const Base64Source = z.strictObject({ kind: z.literal('base64'), data: z.base64() });

/**
 * Stores a module that came inside the body, and puts a reference to it in its place: the bytes are kept once, as an
 * artifact, and a plugin that was written with `base64` is answered with `artifact`.
 *
 * A body without such a source, or with a malformed one, comes back as it is, for the schema to judge.
 */
export async function storeInlineModule(body: JsonObject, artifacts: ArtifactsService, context: RequestContext): Promise<JsonObject> {
  const source = Base64Source.safeParse(body.source);
  if (!source.success) return body;
  const { sha256 } = await artifacts.addBytes(Buffer.from(source.data.data, 'base64'), '/source/data', context);
  return { ...body, source: { kind: 'artifact', sha256 } };
}

/** A plugin whose module was found and checked. */
export interface ResolvedPlugin {
  /** As it is kept: its function by id. */
  readonly spec: PluginSpec;
  /** As it is answered: its function by name. */
  readonly answered: PluginSpec;
  readonly resolvedSha256: string;
  /** Where the module comes from, when it was built from a function. */
  readonly origin: FunctionOrigin;
}

/**
 * Pins plugins to modules, for each plugin in its place; one whose module is not there, or cannot run as the plugin says, is
 * answered with `client.invalid`, which names all that is wrong.
 */
export async function resolveModules(tx: Transaction, specs: readonly PluginSpec[]): Promise<(ResolvedPlugin | AppError)[]> {
  const unavailable = specs.map((spec) => unavailableInPlugin(spec));
  const found = await findModules(tx, specs);
  const hashes = new Set(found.flatMap((module) => ('sha256' in module ? [module.sha256] : [])));
  const rows = await tx.artifact.findMany({ where: { sha256: { in: [...hashes] } } });
  const artifacts = new Map(rows.map((row) => [row.sha256, toArtifact(row)]));
  return specs.map((spec, index) => {
    const module = found[index] ?? noModule;
    const issues = [...(unavailable[index] ?? []), ...moduleIssues(spec, module, artifacts)];
    if (issues.length > 0 || 'issues' in module) return invalid(issues);
    const { sha256, functionName, origin } = module;
    return {
      spec: withFunction(spec, origin.functionId ?? undefined),
      answered: withFunction(spec, functionName),
      resolvedSha256: sha256,
      origin,
    };
  });
}

function moduleIssues(spec: PluginSpec, module: FoundModule | NoModule, artifacts: ReadonlyMap<string, Artifact>): readonly FieldIssue[] {
  if ('issues' in module) return module.issues;
  const artifact = artifacts.get(module.sha256);
  if (artifact !== undefined) return checkModule(artifact, spec);
  return [{ pointer: '/source/sha256', detail: 'there is no such artifact: upload it to /api/v1/artifacts first', code: 'unknown_reference' }];
}
