import { z } from 'zod';
import { FunctionSettingsPatch, TestInput } from './function.js';
import { LanguageName } from './language.js';
import { PluginKind } from './plugin-kind.js';
import { SourceFile } from './source-file.js';

/** Sources to begin a function with. */
export const Template = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  language: LanguageName,
  kind: PluginKind,
  title: z.string(),
  description: z.string(),
  functionNames: z.array(z.string()),
  testInputs: z.array(TestInput),
  settings: FunctionSettingsPatch,
});
export type Template = z.infer<typeof Template>;

export const TemplateWithFiles = Template.extend({ files: z.array(SourceFile) });
export type TemplateWithFiles = z.infer<typeof TemplateWithFiles>;
