import { type BuilderStatus, type Language, type LanguageName, type LanguageStatus, languageNames, languages } from '@torii/contracts';

const noBuilder = 'no builder is alive to ask: start one';
const unknownToBuilder = 'the builders that are alive do not know it: update them';
const reasonsMax = 3;

/** Every language, and what the builders that are alive say about it. */
export function languageTable(builders: readonly BuilderStatus[]): Language[] {
  return languageNames.map((name) => languageOf(name, builders));
}

export function languageOf(name: LanguageName, builders: readonly BuilderStatus[]): Language {
  const { title, entry } = languages[name];
  const statuses = builders.flatMap((builder) => builder.languages.filter((status) => status.name === name));
  const able = statuses.filter((status) => status.available);
  const common = { name, title, entry, builders: able.length };
  const first = able[0];
  if (first !== undefined) return { ...common, available: true, reason: null, toolchain: first.toolchain };
  if (builders.length === 0) return { ...common, available: null, reason: noBuilder, toolchain: {} };
  return { ...common, available: false, reason: reasonOf(statuses), toolchain: {} };
}

/** Builders may lack different things. */
function reasonOf(statuses: readonly LanguageStatus[]): string {
  const reasons = new Set(statuses.flatMap((status) => (status.available ? [] : [status.reason])));
  return reasons.size === 0 ? unknownToBuilder : [...reasons].slice(0, reasonsMax).join('; or ');
}
