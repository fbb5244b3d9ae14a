import { EntityName, StatusPattern, TailFilter, tailLimits } from '@torii/contracts';
import { z } from 'zod';

const Statuses = z
  .string()
  .max(100)
  .transform((text) => text.split(','))
  .pipe(z.array(StatusPattern).max(tailLimits.statusesMax));

/** Query of the live tail: which requests, and how many of them. */
export const TailQuery = z
  .strictObject({
    node: TailFilter.shape.node.meta({ description: 'Only requests that the node of this id or name answered' }),
    route: EntityName.optional().meta({ description: 'Only requests of the route of this name' }),
    plugin: EntityName.optional().meta({ description: 'Only requests whose target is this plugin, or that called it in a slot' }),
    version: z.coerce.number().int().min(1).optional().meta({ description: 'Only of this version of the plugin' }),
    status: Statuses.optional().meta({ description: 'Only answers of these statuses, such as `5xx` or `404,503`' }),
    text: TailFilter.shape.text.meta({ description: 'Only requests with this text in method, host, path, id or error, case ignored' }),
    sample: z.coerce.number().gt(0).max(1).optional().meta({ description: 'Only this share of them, by chance, such as 0.01' }),
    rate: z.coerce
      .number()
      .int()
      .min(1)
      .max(tailLimits.rateMax)
      .default(tailLimits.rateDefault)
      .meta({ description: 'The most requests a second; more are counted and left out' }),
  })
  .superRefine(({ plugin, version }, context) => {
    if (plugin !== undefined || version === undefined) return;
    context.addIssue({ code: 'custom', path: ['version'], message: 'means something only with plugin' });
  });
export type TailQuery = z.infer<typeof TailQuery>;

export function filterOf({ node, route, plugin, version, status, text, sample }: TailQuery): TailFilter {
  return TailFilter.parse({ node, route, plugin, version, statuses: status, text, sample });
}
