import { languageNames, type Template } from '@torii/contracts';
import { readTemplate, templateNames } from './read-template.js';

/** Every template there is, without its files: by language, in the order of the languages, then by name. */
export function listTemplates(): Template[] {
  return languageNames.flatMap((language) =>
    templateNames(language).flatMap((name) => {
      const template = readTemplate(language, name);
      if (template === undefined) return [];
      const { files: _, ...rest } = template;
      return [rest];
    }),
  );
}
