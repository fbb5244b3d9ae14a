import { adminApiLimits, BuildStatus, LanguageName } from '@torii/contracts';
import { z } from 'zod';
import { Duration, PageQuery } from '../http/query.js';

/** Query of a build that is asked for. */
export const BuildQuery = z
  .strictObject({
    wait: z.literal('finished').optional().meta({ description: 'Answer only when the build is over, or `timeout` is' }),
    timeout: Duration.optional().meta({ description: `How long to wait: 30s by default, at most ${adminApiLimits.waitMaxMs / 1_000}s` }),
  })
  .superRefine((query, context) => {
    if (query.wait !== undefined || query.timeout === undefined) return;
    context.addIssue({ code: 'custom', path: ['timeout'], message: 'means something only with wait=finished' });
  });
export type BuildQuery = z.infer<typeof BuildQuery>;

export const waitDefaultMs = 30_000;

/** Query of the lists of builds. */
export const BuildsQuery = PageQuery.extend({
  status: BuildStatus.optional().meta({ description: 'Only builds that are there' }),
  language: LanguageName.optional().meta({ description: 'Only builds of this language' }),
});
export type BuildsQuery = z.infer<typeof BuildsQuery>;
