import { type Grant, type ModuleImport, wasiNamespace } from '@torii/contracts';
import { importProblem, missingGrant } from '@torii/module-check';
import { isWasiFunction } from '@torii/wasm-runtime';

export interface MissingGrant {
  readonly grant: Grant;
  /** One sentence that names the import, and what to do. */
  readonly detail: string;
}

/** Why no node can run the module, a sentence for each import that is no function nodes serve, or of another signature. */
export function importErrors(imports: readonly ModuleImport[]): string[] {
  return imports.flatMap((entry) => importProblem(entry) ?? wasiProblem(entry) ?? []);
}

/** What settings with these grants lack for the module. */
export function missingGrants(imports: readonly ModuleImport[], granted: ReadonlySet<Grant>): MissingGrant[] {
  return imports.flatMap((entry) => {
    const grant = missingGrant(entry, granted);
    if (grant === undefined) return [];
    return [{ grant, detail: `the module imports ${entry.module}.${entry.name}: add "${grant}" to hostFunctions of its settings` }];
  });
}

function wasiProblem({ kind, module, name }: ModuleImport): string | undefined {
  if (kind !== 'function' || module !== wasiNamespace || isWasiFunction(name)) return undefined;
  return `the module imports ${module}.${name}, which is no function of WASI preview 1`;
}
