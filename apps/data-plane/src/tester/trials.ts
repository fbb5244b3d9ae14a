import { randomUUID } from 'node:crypto';
import { AppError, pluginVersionKey, type SnapshotPlugin, type TesterAnswer, type Trial, type TrialDraft, testerLimits } from '@torii/contracts';
import { InTurn } from '../threads/in-turn.js';
import type { CompiledDraft, PluginBundle } from '../threads/thread-messages.js';

export interface TrialsDeps {
  /** Has a data thread send itself the request; rejects after that time. */
  readonly tryOut: (trial: Omit<Trial, 'draft'>, draft: CompiledDraft | undefined, timeoutMs: number) => Promise<TesterAnswer>;
  /** Fetches, prepares and compiles the modules of a draft, which may be others than the active ones. */
  readonly compile: (plugins: readonly SnapshotPlugin[], unsaved: ReadonlySet<string>) => Promise<readonly PluginBundle[]>;
  /** Where a draft's plugins and routes are counted; those that are not saved among others. */
  readonly rowsFor: (
    plugins: readonly SnapshotPlugin[],
    unsaved: ReadonlySet<string>,
  ) => { readonly pluginRows: readonly number[]; readonly routeRow: number };
  /** Opens the maps of a draft's plugins, which stay until what it answers is called. */
  readonly holdMaps: (plugins: readonly SnapshotPlugin[]) => () => void;
  /** Opens stores for plugins that are not saved, until what it answers is called. */
  readonly openScratch: (trialId: string, plugins: readonly SnapshotPlugin[]) => () => void;
  /** What building a draft on a thread may take (ms). */
  readonly draftTimeoutMs: number;
}

/** What a thread may take beyond the time of the request. */
const graceMs = 5_000;
const draftsWaitingMax = 4;

/** The requests of the tester on this node: so many at once, and of those with a draft one after the other. */
export class Trials {
  private running = 0;
  private drafts = 0;
  private readonly draftTurns = new InTurn();

  constructor(private readonly deps: TrialsDeps) {}

  /**
   * `isWanted` says whether anybody waits for the answer still: a draft that waited for its turn for longer is not tried.
   *
   * Throws `capacity.overloaded` when there are too many, `config.*` when the draft cannot be served here, `client.gone` when
   * nobody waits any more, and `platform.internal` when the thread that has the request ends.
   */
  async run({ draft, ...trial }: Trial, isWanted: () => boolean = () => true): Promise<TesterAnswer> {
    if (this.running >= testerLimits.triedAtOnceMax)
      throw new AppError('capacity.overloaded', { detail: 'this node tries as many requests as it may' });
    this.running += 1;
    try {
      return await (draft === undefined ? this.deps.tryOut(trial, undefined, trial.timeoutMs + graceMs) : this.runDraft(trial, draft, isWanted));
    } finally {
      this.running -= 1;
    }
  }

  private async runDraft(trial: Omit<Trial, 'draft'>, draft: TrialDraft, isWanted: () => boolean): Promise<TesterAnswer> {
    if (this.drafts > draftsWaitingMax) throw new AppError('capacity.overloaded', { detail: 'too many drafts wait for their turn on this node' });
    this.drafts += 1;
    try {
      return await this.draftTurns.run(() => this.runDraftNow(trial, draft, isWanted));
    } finally {
      this.drafts -= 1;
    }
  }

  private async runDraftNow(trial: Omit<Trial, 'draft'>, draft: TrialDraft, isWanted: () => boolean): Promise<TesterAnswer> {
    const { compile, rowsFor, holdMaps, openScratch, tryOut, draftTimeoutMs } = this.deps;
    const { plugins, routes, without, globalPlugins } = draft;
    const unsaved = new Set(draft.scratch);
    const isUnsaved = (plugin: SnapshotPlugin): boolean => unsaved.has(pluginVersionKey(plugin));
    refuseUnwanted(isWanted);
    const bundles = await compile(plugins, unsaved);
    refuseUnwanted(isWanted);
    const letMapsGo = holdMaps(plugins.filter((plugin) => !isUnsaved(plugin)));
    try {
      const trialId = randomUUID();
      const closeScratch = openScratch(trialId, plugins.filter(isUnsaved));
      try {
        const told = { routes, without, globalPlugins, scratch: { trialId, plugins: unsaved } };
        const compiled: CompiledDraft = { plugins: bundles, ...told, buildTimeoutMs: draftTimeoutMs, ...rowsFor(plugins, unsaved) };
        return await tryOut(trial, compiled, draftTimeoutMs + trial.timeoutMs + graceMs);
      } finally {
        closeScratch();
      }
    } finally {
      letMapsGo();
    }
  }
}

function refuseUnwanted(isWanted: () => boolean): void {
  if (!isWanted()) throw new AppError('client.gone');
}
