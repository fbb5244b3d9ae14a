import { Injectable } from '@nestjs/common';
import { ArtifactsService } from '../artifacts/artifacts.service.js';
import { requireScopes } from '../auth/principal.js';
import { Answer } from '../http/answer.js';
import type { RequestContext } from '../http/request-context.js';
import { ConfigWriter } from '../writes/config-writer.service.js';
import { convertFile } from './convert.js';
import type { Conversion } from './drafts.js';
import { Findings } from './findings.js';
import type { ImportQuery } from './import.query.js';
import { importLimits } from './import-limits.js';
import { ImportRun } from './import-run.js';
import { prepareModules } from './inline-modules.js';
import type { ImportedEntity, ImportReport } from './report.js';

/** Ends the transaction of a dry run, so that nothing of it stays. */
class DryRunOver extends Error {
  constructor(readonly report: ImportReport) {
    super('the dry run is over');
  }
}

/** Takes over routes, Wasm plugins and global plugins of Otoroshi. */
@Injectable()
export class ImportOtoroshiService {
  constructor(
    private readonly writer: ConfigWriter,
    private readonly artifacts: ArtifactsService,
  ) {}

  /**
   * In one transaction, by the rules that hold for writing plugins, routes and settings one by one. A dry run does the very same and
   * then takes it back.
   *
   * Throws `client.invalid` for what is no file of Otoroshi's, `client.conflict` where it would replace what was made by hand.
   */
  async import(body: unknown, query: ImportQuery, context: RequestContext): Promise<Answer> {
    requireScopes(context, ['plugins:write'], 'an import');
    const { dryRun = false, overwrite = false, incomplete, compat, module } = query;
    const conversion = convertFile(body, { compat, given: new Map(module) });
    if (conversion.settings !== undefined && conversion.settings.slots.length > 0)
      requireScopes(context, ['settings:write'], 'an import of global plugins');
    const prepared = await prepareModules(conversion.plugins, { artifacts: this.artifacts, context, dryRun });
    try {
      return await this.writer.run(
        context,
        // What makes two requests the same for an Idempotency-Key: the same file comes to something else with other options.
        { body, dryRun, overwrite, incomplete, compat, module },
        async (write) => {
          const run = new ImportRun(write, { dryRun, overwrite, incomplete });
          const report = reportOf(conversion, await run.run(prepared, conversion.routes, conversion.settings), dryRun);
          if (dryRun) throw new DryRunOver(report);
          return new Answer(200, report);
        },
        { timeoutMs: importLimits.timeoutMs },
      );
    } catch (error) {
      if (error instanceof DryRunOver) return new Answer(200, error.report);
      throw error;
    }
  }
}

function reportOf({ plugins, routes, settings, findings }: Conversion, entities: ImportedEntity[], dryRun: boolean): ImportReport {
  const all = new Findings(importLimits.itemsMax);
  const parts = [{ findings }, ...routes, ...plugins, ...(settings === undefined ? [] : [settings])];
  for (const part of parts) all.addAll(part.findings);
  return { dryRun, entities, items: all.items, itemsLeftOff: all.leftOff, counts: all.counts };
}
