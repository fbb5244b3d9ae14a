import { AppError, type SnapshotPlugin } from '@torii/contracts';
import type { Clock } from '@torii/service-kit';
import type { InstanceBudget, InstancePool } from '@torii/wasm-runtime';

export interface FirstStartsOptions {
  /** What one instance gets to initialise. */
  readonly timeoutMs: number;
  /** What one configuration may spend on plugins whose modules are known to start; the others of them start with their first calls. */
  readonly totalMs: number;
  readonly budget: Pick<InstanceBudget, 'hasRoomToSpare'>;
  readonly clock: Clock;
}

type StartingPool = Pick<InstancePool, 'check' | 'close' | 'evictOldestIdle' | 'warmUp'>;

/** Starts the pool of a plugin, or closes it and throws `config.compile_failed` or `capacity.pool_exhausted`, naming the plugin. */
export type FirstStart = (plugin: SnapshotPlugin, pool: StartingPool) => Promise<void>;

/** Plugins of one configuration that are made ready even where room is short, if others that are idle can give way to them. */
const readyAnywayMax = 8;
/** Modules that are remembered to have started on the node; forgetting one costs one start more. */
const knownMax = 100_000;

/**
 * Which plugins of a new configuration get an instance before they are called.
 *
 * A module that is not known to start on this node is tried, so that one that traps, waits for ever or wants too much is
 * refused with its configuration. Of plugins whose modules are known, as many are made ready as there is time and room for:
 * all of them in the usual change. Where there are thousands, as when a node begins, the others cost nothing until somebody
 * calls them; what they import and export is checked in any case.
 */
export class FirstStarts {
  /** Least lately used first. */
  private readonly known = new Set<string>();

  constructor(private readonly options: FirstStartsOptions) {}

  /** For the plugins of one configuration. `isTried`: another thread of the node has done this for the same configuration. */
  ofConfiguration(isTried: boolean): FirstStart {
    let spentMs = 0;
    let ready = 0;
    return async (plugin, pool) => {
      const { clock, budget, totalMs } = this.options;
      const module = moduleOf(plugin);
      const isKnown = isTried || this.known.has(module);
      const isKept = budget.hasRoomToSpare || ready < readyAnywayMax;
      const isBegun = !isKnown || (isKept && spentMs < totalMs);
      if (isBegun && isKept) ready += 1;
      const startedAtMs = clock.nowMs();
      try {
        const isMade = isBegun && (await this.make(pool, isKnown));
        if (!isMade) pool.check();
        // It was only to show that it starts.
        else if (!isKept) pool.evictOldestIdle();
        this.remember(module);
      } catch (error) {
        await pool.close();
        throw naming(plugin, error);
      } finally {
        spentMs += clock.nowMs() - startedAtMs;
      }
    };
  }

  /** Makes one instance; false where there is no room for one, if its module is known and need not be tried. */
  private async make(pool: StartingPool, isKnown: boolean): Promise<boolean> {
    try {
      await pool.warmUp(this.options.timeoutMs);
      return true;
    } catch (error) {
      if (isKnown && AppError.from(error).code === 'capacity.pool_exhausted') return false;
      throw error;
    }
  }

  private remember(module: string): void {
    this.known.delete(module);
    this.known.add(module);
    if (this.known.size <= knownMax) return;
    const [oldest = ''] = this.known;
    this.known.delete(oldest);
  }
}

/** All that its start depends on but for the plugin's settings. */
function moduleOf({ sha256, limits }: SnapshotPlugin): string {
  return `${sha256} ${limits.memoryMaxBytes}`;
}

function naming({ name, version }: SnapshotPlugin, error: unknown): AppError {
  const { code, message } = AppError.from(error);
  return new AppError(code === 'capacity.pool_exhausted' ? code : 'config.compile_failed', {
    detail: `plugin ${name} version ${version}: ${message}`,
    cause: error,
  });
}
