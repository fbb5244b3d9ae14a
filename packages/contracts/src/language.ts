import { z } from 'zod';

export interface LanguageDefinition {
  readonly title: string;
  /** Where builds begin unless the function says otherwise. */
  readonly entry: string;
  /** Whether every builder has it, because all it needs comes from npm. */
  readonly isAlwaysThere: boolean;
}

/** Every language there is a compiler for. A new one needs a line here, a compiler in the builder, and a template. */
export const languages = {
  javascript: { title: 'JavaScript', entry: 'index.js', isAlwaysThere: true },
  typescript: { title: 'TypeScript', entry: 'index.ts', isAlwaysThere: true },
  assemblyscript: { title: 'AssemblyScript', entry: 'index.ts', isAlwaysThere: true },
  wat: { title: 'WebAssembly text', entry: 'main.wat', isAlwaysThere: true },
  go: { title: 'Go', entry: 'main.go', isAlwaysThere: false },
  rust: { title: 'Rust', entry: 'src/lib.rs', isAlwaysThere: false },
} as const satisfies Record<string, LanguageDefinition>;

export type LanguageName = keyof typeof languages;
export const languageNames = Object.keys(languages) as [LanguageName, ...LanguageName[]];
export const LanguageName = z.enum(languageNames);

/** Names and versions of what builds a language, such as `{"esbuild":"0.28.2"}`. Part of the key of the build cache. */
export const Toolchain = z.record(z.string(), z.string());
export type Toolchain = z.infer<typeof Toolchain>;

/** Whether one builder can build a language, and if not, what to do about it. */
export const LanguageStatus = z.discriminatedUnion('available', [
  z.strictObject({ name: LanguageName, available: z.literal(true), toolchain: Toolchain }),
  z.strictObject({ name: LanguageName, available: z.literal(false), reason: z.string() }),
]);
export type LanguageStatus = z.infer<typeof LanguageStatus>;

/** A language as the API answers it. */
export const Language = z.strictObject({
  name: LanguageName,
  title: z.string(),
  entry: z.string(),
  /** True when a live builder has it; unknown, and then null, while no builder is there to ask. */
  available: z.boolean().nullable(),
  /** Why it is not available, and what to do; null when it is. */
  reason: z.string().nullable(),
  toolchain: Toolchain,
  /** How many live builders have it. */
  builders: z.int(),
});
export type Language = z.infer<typeof Language>;
