import {
  type FieldIssue,
  type FunctionEntity,
  FunctionSources,
  FunctionSpec,
  LanguageName,
  languages,
  type TemplateWithFiles,
} from '@torii/contracts';
import { grantIssues, suggestion } from '@torii/module-check';
import { listTemplates, readTemplate } from '@torii/templates';
import { z } from 'zod';
import { invalid } from '../http/invalid.js';
import { isJsonObject, type JsonObject } from '../http/merge-patch.js';
import { fieldIssues } from '../http/zod-issues.js';
import { readEntity, readPatch } from '../writes/entity-input.js';
import { functionReadOnly, setByBuilds } from './function.mapper.js';
import { type CheckedTree, checkedTree, treeOf } from './source-tree.js';

/** What a write of a function may hold, as the API documents it. */
export const FunctionInput = FunctionSpec.extend(FunctionSources.shape);

/** The sources are read before the write, see `readSources`; here they are only known fields. */
const SpecInput = FunctionSpec.extend({ files: z.unknown().optional(), template: z.unknown().optional() });

/** The template that a function begins with when a body brings no sources. */
const defaultTemplate = 'empty';
/** Values of a template that stand in for those a body leaves out. */
const filledFields = ['functionNames', 'testInputs'] as const;

/** What a body says about sources; not yet which template it means, since that depends on the language. */
export interface WrittenSources {
  readonly tree: CheckedTree | undefined;
  readonly template: string | undefined;
}

/** A function as it is to be; `tree` is undefined where its sources stay as they are. */
export interface FunctionWrite {
  readonly spec: FunctionSpec;
  readonly tree: CheckedTree | undefined;
}

/** The sources in a body, checked and hashed. Throws `client.invalid` with a pointer for each problem. */
export function readSources(body: JsonObject): WrittenSources {
  const given = { ...(body.files === undefined ? {} : { files: body.files }), ...(body.template === undefined ? {} : { template: body.template }) };
  const parsed = FunctionSources.safeParse(given);
  if (!parsed.success) throw invalid(fieldIssues(parsed.error, FunctionSources));
  const { files, template } = parsed.data;
  if (files !== undefined && template !== undefined) throw invalid([{ pointer: '/template', detail: 'give either files or a template' }]);
  return { tree: files === undefined ? undefined : checkedTree(files, 'json'), template };
}

/** The function that a body creates, named as the path says where it has no name. */
export function readNew(body: JsonObject, sources: WrittenSources, name?: string): FunctionWrite {
  const template = sources.tree === undefined ? findTemplate(sources.template ?? defaultTemplate, body.language, sources) : undefined;
  const filled = template === undefined ? body : withTemplate(body, template);
  const spec = readEntity(filled, { schema: SpecInput, readOnly: functionReadOnly, ...(name === undefined ? {} : { name }) });
  return finish(spec, sources, template);
}

/** The function that a body replaces another with: fields left out take their defaults, its sources stay. */
export function readReplacement(body: JsonObject, sources: WrittenSources, current: FunctionEntity): FunctionWrite {
  const template = sources.template === undefined ? undefined : findTemplate(sources.template, body.language, sources);
  const filled = template === undefined ? body : withTemplate(body, template);
  const spec = readEntity(withoutBuilt(filled), { schema: SpecInput, readOnly: functionReadOnly, current, name: current.name });
  return finish(spec, sources, template);
}

/** The function with a merge patch applied. */
export function readChange(patch: JsonObject, sources: WrittenSources, current: FunctionEntity): FunctionWrite {
  const template = sources.template === undefined ? undefined : findTemplate(sources.template, patch.language ?? current.language, sources);
  const filled = template === undefined ? patch : withTemplate(patch, template);
  const spec = readPatch(withoutBuilt(filled), { schema: SpecInput, readOnly: functionReadOnly, current });
  return finish(spec, sources, template);
}

/** The file that builds of a function begin with. */
export function entryOf(spec: Pick<FunctionSpec, 'entry' | 'language'>): string {
  return spec.entry ?? languages[spec.language].entry;
}

/** Throws `client.invalid` when builds would not find where to begin. */
export function refuseMissingEntry(spec: Pick<FunctionSpec, 'entry' | 'language'>, paths: readonly string[]): void {
  const entry = entryOf(spec);
  if (paths.includes(entry)) return;
  if (spec.entry !== undefined) throw invalid([{ pointer: '/entry', detail: `there is no file "${entry}"${suggestion(entry, paths)}` }]);
  const detail = `need the file "${entry}", where builds of ${spec.language} begin, or an entry that names another${suggestion(entry, paths)}`;
  throw invalid([{ pointer: '/files', detail }]);
}

function finish(input: z.infer<typeof SpecInput>, sources: WrittenSources, template: TemplateWithFiles | undefined): FunctionWrite {
  const { files: _files, template: _template, ...spec } = input;
  const issues = grantIssues(spec.settings).map((issue): FieldIssue => ({ ...issue, pointer: `/settings${issue.pointer}` }));
  if (issues.length > 0) throw invalid(issues);
  return { spec, tree: template === undefined ? sources.tree : treeOf(template.files) };
}

/** Undefined where the language is none: the schema says so. */
function findTemplate(name: string, language: unknown, sources: WrittenSources): TemplateWithFiles | undefined {
  const known = LanguageName.safeParse(language);
  if (!known.success) return undefined;
  const template = readTemplate(known.data, name);
  if (template !== undefined) return template;
  if (sources.template === undefined)
    throw invalid([{ pointer: '/files', detail: `are needed: ${known.data} has no template "${name}" to begin with` }]);
  const names = listTemplates()
    .filter((other) => other.language === known.data)
    .map((other) => other.name);
  const listed = names.length === 0 ? '' : `: there are ${names.join(', ')}`;
  const detail = `${known.data} has no template "${name}"${suggestion(name, names) || listed}`;
  throw invalid([{ pointer: '/template', detail, code: 'unknown_reference' }]);
}

/** The template's values where the body has none of its own; of settings field by field. */
function withTemplate(body: JsonObject, template: TemplateWithFiles): JsonObject {
  const filled = Object.fromEntries(filledFields.filter((name) => body[name] === undefined).map((name) => [name, template[name]]));
  const settings = body.settings === undefined ? template.settings : body.settings;
  return { ...body, ...filled, settings: isJsonObject(settings) ? { kind: template.kind, ...template.settings, ...settings } : settings };
}

function withoutBuilt(body: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(body).filter(([name]) => !setByBuilds.some((field) => field === name)));
}
