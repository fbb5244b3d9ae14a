import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LanguageName, Template, TemplateWithFiles } from '@torii/contracts';
import { readFiles } from './read-files.js';

/** `templates/<language>/<name>/template.json`, and beside it `files/` with the sources themselves. */
const root = join(import.meta.dirname, '..', 'templates');
const known = new Map<string, TemplateWithFiles>();

/** One template with its files, or undefined when there is none. Throws, naming the file, for a template that is not valid. */
export function readTemplate(language: string, name: string): TemplateWithFiles | undefined {
  if (!LanguageName.safeParse(language).success || !Template.shape.name.safeParse(name).success) return undefined;
  const folder = join(root, language, name);
  const before = known.get(folder);
  if (before !== undefined) return before;
  if (!existsSync(join(folder, 'template.json'))) return undefined;

  const template = parseTemplate(folder, language, name);
  known.set(folder, template);
  return template;
}

/** The names of a language's templates, sorted. */
export function templateNames(language: LanguageName): string[] {
  const folder = join(root, language);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'template.json')))
    .sort();
}

/** The folders say the language and the name, so that a copied template cannot keep those of the one it was copied from. */
function parseTemplate(folder: string, language: string, name: string): TemplateWithFiles {
  const path = join(folder, 'template.json');
  try {
    const written: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const template = TemplateWithFiles.parse({ language, name, ...(written as object), files: readFiles(join(folder, 'files')) });
    if (template.language !== language || template.name !== name) throw new Error(`it must say "${language}" and "${name}", as its folders do`);
    return template;
  } catch (error) {
    throw new Error(`The template ${path} is not valid: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
