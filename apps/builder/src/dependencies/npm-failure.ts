import { BuildError } from '@torii/contracts';

interface NpmError {
  readonly code?: string;
  readonly summary?: string;
}

const unreachable = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'ERR_SOCKET_TIMEOUT',
  'EPROTO',
  'E502',
  'E503',
  'E504',
]);
const summaryMax = 1_000;

/** What no author of a function can do anything about, errno(3). */
const ofTheMachine = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'ENOMEM', 'EMFILE', 'ENFILE']);

/**
 * What npm says with `--json` when it fails, as what the author of the function can do about it; any other error is a fault
 * of ours.
 */
export function npmFailure(printed: string, registry: string): Error {
  const { code = '', summary = '' } = errorIn(printed);
  if (ofTheMachine.has(code)) return new Error(`npm could not install the dependencies: ${code}, ${summary.slice(0, summaryMax).trim()}`);
  return new BuildError('build.dependencies_failed', detailOf(code, summary.slice(0, summaryMax).trim(), registry));
}

function detailOf(code: string, summary: string, registry: string): string {
  if (unreachable.has(code)) return `The registry ${registry} cannot be reached from the builder (${code}): dependencies cannot be installed now.`;
  switch (code) {
    case 'E404':
      return `A dependency is not in the registry: ${summary}`;
    case 'ETARGET':
      return `No version of a dependency is what package.json asks for: ${summary}`;
    case 'EINTEGRITY':
      return `A package is not what package-lock.json says it is: ${summary}`;
    case 'E403':
      return `A package may not be fetched: ${summary === '' ? 'the registry, or the list of places a builder reaches, refuses it' : summary}`;
    default:
      return summary === ''
        ? `npm could not install the dependencies${code === '' ? '' : ` (${code})`}.`
        : `npm could not install the dependencies: ${summary}`;
  }
}

function errorIn(printed: string): NpmError {
  const begin = printed.indexOf('{');
  try {
    return (JSON.parse(printed.slice(begin)) as { readonly error?: NpmError }).error ?? {};
  } catch {
    return { summary: printed };
  }
}
