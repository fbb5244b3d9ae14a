import { Sha256 } from '@torii/contracts';
import { z } from 'zod';
import { WriteQuery } from '../http/query.js';

const modulesMax = 100;
const Flag = z.enum(['true', 'false']).transform((text) => text === 'true');

/** `<path of a source>=<sha256>`. */
const GivenModule = z.string().transform((text, context) => {
  const at = text.lastIndexOf('=');
  const [path, sha256] = [text.slice(0, at), text.slice(at + 1)];
  if (at > 0 && Sha256.safeParse(sha256).success) return [path, sha256] as const;
  context.addIssue({ code: 'custom', message: 'must be the path of a source, =, and the sha256 of an artifact' });
  return z.NEVER;
});

export const ImportQuery = WriteQuery.safeExtend({
  dryRun: Flag.optional().meta({ description: 'Check everything and report what would be done, but write nothing' }),
  overwrite: Flag.optional().meta({ description: 'Replace plugins and routes of the same name that no import has made' }),
  incomplete: z.enum(['disabled', 'enabled']).default('disabled').meta({
    description: 'What becomes of a route that has lost something: it is switched off, unless this says `enabled`',
  }),
  compat: z.enum(['torii', 'otoroshi']).default('torii').meta({ description: '`compat` of the plugins' }),
  module: z
    .union([z.array(GivenModule).max(modulesMax), GivenModule.transform((one) => [one])])
    .default([])
    .meta({ description: 'For a source that cannot be fetched: its path, =, and the sha256 of an uploaded artifact. May be repeated' }),
});
export type ImportQuery = z.infer<typeof ImportQuery>;
