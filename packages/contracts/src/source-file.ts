import { z } from 'zod';

const segmentPattern = /^[^\\:*?"<>|\p{Cc}]{1,128}$/u;
/** Folders whose contents are made by tools, and would carry what we did not check into a build. */
const reservedFolders = new Set(['node_modules', '.git', '.hg', '.svn', '.bzr']);

const pathMaxLength = 255;

function pathProblem(path: string): string | undefined {
  if (path.length > pathMaxLength) return `must have at most ${pathMaxLength} characters`;
  if (path.startsWith('/')) return 'must be relative: without / at its beginning';
  for (const segment of path.split('/')) {
    if (segment === '') return 'must not hold an empty folder name, or end with /';
    if (segment === '.' || segment === '..') return 'must not hold a . or .. folder';
    if (reservedFolders.has(segment.toLowerCase())) return `must not be inside ${segment}: builds fill it themselves`;
    if (!segmentPattern.test(segment)) return 'must hold no \\ : * ? " < > | nor control characters, and at most 128 characters between two /';
    if (segment.endsWith('.') || segment.endsWith(' ')) return 'must not hold a name that ends with a dot or a space';
  }
  return undefined;
}

/** Where a file is inside its function: relative, with `/` between folders, such as `src/index.ts`. */
export const FilePath = z
  .string()
  .min(1)
  .max(pathMaxLength) // also as it came: normalising takes time
  .transform((path) => path.normalize('NFC'))
  .superRefine((path, context) => {
    const problem = pathProblem(path);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });
export type FilePath = z.infer<typeof FilePath>;

/** What bounds the sources of one function. */
export const sourceLimits = {
  filesMax: 500,
  fileMaxBytes: 2 * 1024 * 1024,
  totalMaxBytes: 5 * 1024 * 1024,
} as const;

/** One file of a function; `base64` for what is not UTF-8 text. */
export const SourceFile = z.strictObject({
  path: FilePath,
  content: z.string(),
  encoding: z.enum(['utf8', 'base64']).default('utf8'),
});
export type SourceFile = z.infer<typeof SourceFile>;

/** A whole function as builders fetch it, addressed by the sha256 of its canonical JSON; files sorted by path. */
export const SourceTree = z.strictObject({ files: z.array(SourceFile).max(sourceLimits.filesMax) });
export type SourceTree = z.infer<typeof SourceTree>;
