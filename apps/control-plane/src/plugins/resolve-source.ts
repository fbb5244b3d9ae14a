import { type FieldIssue, isIdOf, type PluginSpec, unavailableInPlugin } from '@torii/contracts';
import { suggestion } from '@torii/module-check';
import { z } from 'zod';
import { toArtifact } from '../artifacts/artifact.mapper.js';
import type { ArtifactsService } from '../artifacts/artifacts.service.js';
import { findVersion, versionsPage } from '../functions/function-versions.queries.js';
import { findFunctionRow, functionNamesIn } from '../functions/functions.queries.js';
import { invalid } from '../http/invalid.js';
import { type JsonObject } from '../http/merge-patch.js';
import type { RequestContext } from '../http/request-context.js';
import type { Transaction } from '../prisma/prisma.service.js';
import { checkModule } from './check-module.js';
import { withFunction } from './plugin.mapper.js';

/** How many versions a refusal names. */
const namedVersionsMax = 10;

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

interface FunctionOrigin {
  readonly functionId: string | null;
  readonly follows: string | null;
  readonly functionVersion: string | null;
}

interface FoundModule {
  readonly sha256: string;
  readonly functionName?: string;
  readonly origin: FunctionOrigin;
}

const noFunction: FunctionOrigin = { functionId: null, follows: null, functionVersion: null };

/** Pins a plugin to a module. Throws `client.invalid` when that is not there, or cannot run as the plugin says. */
export async function resolveModule(tx: Transaction, spec: PluginSpec): Promise<ResolvedPlugin> {
  const issues: FieldIssue[] = unavailableInPlugin(spec);
  const found = await findModule(tx, spec, issues);
  const row = found === undefined ? null : await tx.artifact.findUnique({ where: { sha256: found.sha256 } });
  if (row !== null) issues.push(...checkModule(toArtifact(row), spec));
  else if (found !== undefined) {
    issues.push({ pointer: '/source/sha256', detail: 'there is no such artifact: upload it to /api/v1/artifacts first', code: 'unknown_reference' });
  }
  if (issues.length > 0 || found === undefined) throw invalid(issues);
  const { sha256, functionName, origin } = found;
  return {
    spec: withFunction(spec, origin.functionId ?? undefined),
    answered: withFunction(spec, functionName),
    resolvedSha256: sha256,
    origin,
  };
}

/** Undefined where the source has no module, which is then among the issues. */
async function findModule(tx: Transaction, { source }: PluginSpec, issues: FieldIssue[]): Promise<FoundModule | undefined> {
  if (source.kind === 'artifact') return { sha256: source.sha256, origin: noFunction };
  if (source.kind !== 'function') return undefined;
  const row = await findFunctionRow(tx, source.name);
  if (row === undefined) {
    const near = isIdOf('function', source.name) ? '' : suggestion(source.name, await functionNamesIn(tx));
    issues.push({ pointer: '/source/name', detail: `there is no function "${source.name}"${near}`, code: 'unknown_reference' });
    return undefined;
  }
  const version = await findVersion(tx, row.id, source.version);
  if (version !== undefined) {
    const origin = { functionId: row.id, follows: source.version, functionVersion: version.version };
    return { sha256: version.sha256, functionName: row.name, origin };
  }
  const known = await versionsPage(tx, row.id, { limit: namedVersionsMax, below: undefined });
  const there = known.length === 0 ? 'nothing of it has been built yet' : `there is ${known.map((one) => one.version).join(', ')}`;
  const wanted = source.version === 'latest' ? 'no released version' : `no version ${source.version}`;
  issues.push({ pointer: '/source/version', detail: `the function "${row.name}" has ${wanted}: ${there}`, code: 'unknown_reference' });
  return undefined;
}
