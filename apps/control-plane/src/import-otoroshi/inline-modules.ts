import { AppError, type PluginSpecInput, type Sha256 } from '@torii/contracts';
import type { ArtifactsService, ExaminedModule } from '../artifacts/artifacts.service.js';
import type { RequestContext } from '../http/request-context.js';
import { inParallel } from '../platform/in-parallel.js';
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

/** Modules of a dry run that are looked at at once. */
const examinedAtOnceMax = 8;

/** Stores the modules that the file holds, each once, as saving a plugin does; a dry run only looks at them. */
export async function prepareModules(drafts: readonly PluginDraft[], options: PrepareOptions): Promise<PreparedPlugins> {
  const texts = [...new Set(drafts.flatMap(({ spec }) => base64Of(spec) ?? []))];
  const bytes = texts.map((text) => Buffer.from(text, 'base64'));
  const { artifacts, context, dryRun } = options;
  const examined = dryRun ? await inParallel(bytes, examinedAtOnceMax, (module) => examine(artifacts, module)) : [];
  const stored = dryRun
    ? examined.map((module) => (module instanceof AppError ? module : module.sha256))
    : await artifacts.addAll(bytes, pointer, context);
  const byText = new Map(texts.map((text, index) => [text, stored[index]]));
  const plugins = drafts.map((draft) => ({ draft, spec: withArtifact(draft, byText) }));
  return { plugins, examined: examined.flatMap((module) => (module instanceof AppError ? [] : [module])) };
}

/** Where the bytes of a module stand in a plugin. */
const pointer = '/source/data';

/** What is no base64 is for the schema of plugins to refuse. */
function base64Of(spec: Spec | undefined): string | undefined {
  return spec?.source.kind === 'base64' && /^[A-Za-z0-9+/]+={0,2}$/.test(spec.source.data) ? spec.source.data : undefined;
}

async function examine(artifacts: ArtifactsService, bytes: Uint8Array): Promise<ExaminedModule | AppError> {
  try {
    return await artifacts.examineBytes(bytes, pointer);
  } catch (error) {
    if (error instanceof AppError && error.code === 'client.invalid') return error;
    throw error;
  }
}

/** Undefined, with the reason among the findings, where the module is none that can run. */
function withArtifact({ spec, pointers, findings }: PluginDraft, stored: ReadonlyMap<string, Sha256 | AppError | undefined>): Spec | undefined {
  const sha256 = stored.get(base64Of(spec) ?? '');
  if (spec === undefined || sha256 === undefined) return spec;
  if (!(sha256 instanceof AppError)) return { ...spec, source: { kind: 'artifact', sha256 } };
  findings.lost(pointers.original('/source'), 'the module', { why: sha256.message });
  return undefined;
}
