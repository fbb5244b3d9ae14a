import { AppError, type PluginSpecInput } from '@torii/contracts';
import type { ArtifactsService, ExaminedModule } from '../artifacts/artifacts.service.js';
import type { RequestContext } from '../http/request-context.js';
import type { PluginDraft } from './drafts.js';

type Spec = Omit<PluginSpecInput, 'name' | 'tags'>;

/** A plugin as it would be sent to the API, its module an artifact where the file held the bytes. */
export interface PreparedPlugin {
  readonly draft: PluginDraft;
  /** Undefined where it has no module that can run; the findings say why. */
  readonly spec: Spec | undefined;
}

export interface PreparedPlugins {
  readonly plugins: readonly PreparedPlugin[];
  /** Modules that a dry run has not stored, for its transaction to hold until it is rolled back. */
  readonly examined: readonly ExaminedModule[];
}

interface PrepareOptions {
  readonly artifacts: ArtifactsService;
  readonly context: RequestContext;
  readonly dryRun: boolean;
}

/** Stores the modules that the file holds, as saving a plugin does; a dry run only looks at them. */
export async function prepareModules(drafts: readonly PluginDraft[], options: PrepareOptions): Promise<PreparedPlugins> {
  const plugins: PreparedPlugin[] = [];
  const examined: ExaminedModule[] = [];
  for (const draft of drafts) {
    const { spec } = draft;
    const isInline = spec?.source.kind === 'base64';
    plugins.push({ draft, spec: isInline ? await withArtifact(draft, spec, options, examined) : spec });
  }
  return { plugins, examined };
}

async function withArtifact(
  draft: PluginDraft,
  spec: Spec,
  { artifacts, context, dryRun }: PrepareOptions,
  examined: ExaminedModule[],
): Promise<Spec | undefined> {
  const { source } = spec;
  // What is no base64 is for the schema of plugins to refuse.
  if (source.kind !== 'base64' || !/^[A-Za-z0-9+/]+={0,2}$/.test(source.data)) return spec;
  const bytes = Buffer.from(source.data, 'base64');
  try {
    if (!dryRun) return { ...spec, source: { kind: 'artifact', sha256: (await artifacts.addBytes(bytes, '/source/data', context)).sha256 } };
    const module = await artifacts.examineBytes(bytes, '/source/data');
    examined.push(module);
    return { ...spec, source: { kind: 'artifact', sha256: module.sha256 } };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'client.invalid') throw error;
    draft.findings.lost(draft.pointers.original('/source'), 'the module', { why: error.message });
    return undefined;
  }
}
