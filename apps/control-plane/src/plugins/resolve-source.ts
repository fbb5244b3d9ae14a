import { type FieldIssue, type PluginSpec, unavailableInPlugin } from '@torii/contracts';
import { z } from 'zod';
import { toArtifact } from '../artifacts/artifact.mapper.js';
import type { ArtifactsService } from '../artifacts/artifacts.service.js';
import { invalid } from '../http/invalid.js';
import { type JsonObject } from '../http/merge-patch.js';
import type { RequestContext } from '../http/request-context.js';
import type { Transaction } from '../prisma/prisma.service.js';
import { checkModule } from './check-module.js';

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

/** The sha256 a plugin is pinned to. Throws `client.invalid` when its module is not there, or cannot run as the plugin says. */
export async function resolveModule(tx: Transaction, spec: PluginSpec): Promise<string> {
  const issues: FieldIssue[] = unavailableInPlugin(spec);
  const sha256 = spec.source.kind === 'artifact' ? spec.source.sha256 : undefined;
  const row = sha256 === undefined ? null : await tx.artifact.findUnique({ where: { sha256 } });
  if (row !== null) issues.push(...checkModule(toArtifact(row), spec));
  else if (sha256 !== undefined) {
    issues.push({ pointer: '/source/sha256', detail: 'there is no such artifact: upload it to /api/v1/artifacts first', code: 'unknown_reference' });
  }
  if (issues.length > 0 || row === null) throw invalid(issues);
  return row.sha256;
}
