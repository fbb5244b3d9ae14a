import { adminApiLimits } from '@torii/contracts';
import { z } from 'zod';

/** A duration such as `5s` or `500ms`, in milliseconds. */
export const Duration = z
  .string()
  .regex(/^\d{1,6}(ms|s)$/, 'must be a duration such as 5s or 500ms')
  .transform((text) => (text.endsWith('ms') ? Number(text.slice(0, -2)) : Number(text.slice(0, -1)) * 1_000))
  .refine((ms) => ms >= 1 && ms <= adminApiLimits.waitMaxMs, `must be between 1ms and ${adminApiLimits.waitMaxMs / 1_000}s`);

/** How many nodes are enough: a share of those alive, or a number. */
export type Quorum = { readonly kind: 'percent'; readonly percent: number } | { readonly kind: 'count'; readonly count: number };

const Quorum = z
  .string()
  .regex(/^(100|\d{1,2})%$|^\d{1,5}$/, 'must be a share of the nodes such as 100%, or a number of nodes')
  .transform((text): Quorum => {
    const number = Number.parseInt(text, 10);
    return text.endsWith('%') ? { kind: 'percent', percent: number } : { kind: 'count', count: number };
  });

/** Query of every write. */
export const WriteQuery = z
  .strictObject({
    wait: z.literal('applied').optional().meta({ description: 'Answer only after the nodes serve the change, or `timeout` is over' }),
    timeout: Duration.optional().meta({ description: `How long to wait: 5s by default, at most ${adminApiLimits.waitMaxMs / 1_000}s` }),
    min: Quorum.optional().meta({ description: 'How many live nodes are enough: a share (100% by default) or a number' }),
  })
  .superRefine((query, context) => {
    if (query.wait !== undefined) return;
    for (const name of ['timeout', 'min'] as const) {
      if (query[name] !== undefined) context.addIssue({ code: 'custom', path: [name], message: 'means something only with wait=applied' });
    }
  });
export type WriteQuery = z.infer<typeof WriteQuery>;

/** Query of every list. */
export const PageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(adminApiLimits.listMax).default(adminApiLimits.listDefault).meta({ description: 'Items on a page' }),
  cursor: z.string().max(1_000).optional().meta({ description: 'nextCursor of the page before' }),
});
export type PageQuery = z.infer<typeof PageQuery>;

/** Query of a list of named entities. */
export const ListQuery = PageQuery.extend({
  q: z.string().min(1).max(200).optional().meta({ description: 'Only entities whose name or description holds this text, case ignored' }),
  tag: z.string().min(1).max(64).optional().meta({ description: 'Only entities with this tag' }),
});
export type ListQuery = z.infer<typeof ListQuery>;

export const NoQuery = z.strictObject({});
