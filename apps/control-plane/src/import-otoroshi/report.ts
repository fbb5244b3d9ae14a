import { z } from 'zod';

export const Severity = z.enum(['lost', 'changed', 'ignored']).meta({
  description:
    '`lost`: it decided which requests pass or how they are answered, and is not there any more. `changed`: it is there in another form. ' +
    '`ignored`: it made no difference to a request.',
});
export type Severity = z.infer<typeof Severity>;

/** Something of the file that was not taken over as it is. */
export const ImportItem = z.strictObject({
  pointer: z.string().meta({ description: 'JSON pointer (RFC 6901) into the body of the request' }),
  severity: Severity,
  what: z.string(),
  why: z.string(),
  instead: z.string().optional().meta({ description: 'What to do about it' }),
});
export type ImportItem = z.infer<typeof ImportItem>;

const Action = z.enum(['created', 'updated', 'unchanged', 'skipped', 'conflict']).meta({
  description: '`skipped`: it cannot be had here, the items say why. `conflict`, in a dry run only: its name is taken by what no import made.',
});

export const ImportedEntity = z.strictObject({
  kind: z.enum(['plugin', 'settings', 'route']),
  name: z.string(),
  action: Action,
  pointer: z.string().meta({ description: 'Where it stands in the body of the request' }),
  enabled: z.boolean().optional().meta({ description: 'Of a route: false where it was off before, or has lost something' }),
});
export type ImportedEntity = z.infer<typeof ImportedEntity>;

/** What an import did, or would do. */
export const ImportReport = z.strictObject({
  dryRun: z.boolean(),
  entities: z.array(ImportedEntity),
  items: z.array(ImportItem),
  itemsLeftOff: z.int().min(0).meta({ description: 'Items that would have made the report too long' }),
  counts: z.strictObject({ lost: z.int(), changed: z.int(), ignored: z.int() }),
});
export type ImportReport = z.infer<typeof ImportReport>;
