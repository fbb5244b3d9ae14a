import type { Diagnostic } from '@torii/contracts';
import type { TsconfigRaw } from 'esbuild';

/** What a function's tsconfig.json says that means something to a bundle. */
export interface Tsconfig {
  /** For esbuild. */
  readonly raw: TsconfigRaw;
  /** The folder that `paths` and bare names begin in, relative to the top; undefined when there is none. */
  readonly baseUrl: string | undefined;
  /** By pattern, where to look: https://www.typescriptlang.org/tsconfig/#paths */
  readonly paths: ReadonlyMap<string, readonly string[]>;
  readonly warnings: readonly Diagnostic[];
}

const file = 'tsconfig.json';
const maxBytes = 65_536;
const keptCompilerOptions = [
  'experimentalDecorators',
  'jsx',
  'jsxFactory',
  'jsxFragmentFactory',
  'jsxImportSource',
  'useDefineForClassFields',
] as const;

/** One that cannot be read counts as empty, with a warning. */
export function readTsconfig(files: ReadonlyMap<string, Uint8Array>): Tsconfig {
  const source = files.get(file);
  try {
    if (source !== undefined && source.length > maxBytes) throw new Error(`it has more than ${maxBytes} bytes`);
    return tsconfigOf(source === undefined ? {} : compilerOptionsOf(new TextDecoder().decode(source)));
  } catch (error) {
    const message = `it is left aside, because it cannot be read as JSON with comments: ${error instanceof Error ? error.message : String(error)}`;
    return { ...tsconfigOf({}), warnings: [{ severity: 'warning', message, file }] };
  }
}

type Options = Readonly<Record<string, unknown>>;

function tsconfigOf(options: Options): Tsconfig {
  const kept = keptCompilerOptions.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]);
  return {
    raw: { compilerOptions: Object.fromEntries(kept) },
    baseUrl: typeof options.baseUrl === 'string' ? options.baseUrl : undefined,
    paths: new Map(Object.entries(isObject(options.paths) ? options.paths : {}).map(([pattern, targets]) => [pattern, textsOf(targets)])),
    warnings: [],
  };
}

/** Throws a `SyntaxError`. */
function compilerOptionsOf(text: string): Options {
  const config: unknown = JSON.parse(withoutComments(text));
  const options = isObject(config) ? config.compilerOptions : undefined;
  return isObject(options) ? options : {};
}

/** Without comments and commas before a closing bracket, which TypeScript allows; what is inside of texts stays. */
function withoutComments(text: string): string {
  const bare = text.replace(/("(?:\\.|[^"\\\n])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (_, quoted?: string) => quoted ?? ' ');
  return bare.replace(/("(?:\\.|[^"\\\n])*")|,(?=\s*[}\]])/g, (_, quoted?: string) => quoted ?? '');
}

function isObject(value: unknown): value is Options {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
