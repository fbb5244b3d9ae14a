import type { AppError, FieldIssue } from '@torii/contracts';
import type { z } from 'zod';
import { fieldIssues } from '../http/zod-issues.js';
import type { Findings } from './findings.js';
import type { PointerMap } from './pointer-map.js';

/** What the rules of plugins, routes and settings may refuse. */
interface Refusable {
  /** What it is called in a finding about the whole of it. */
  readonly wish: string;
  /** How its module can be given by hand, of a plugin. */
  readonly advice?: string;
  readonly pointers: PointerMap;
  readonly findings: Findings;
}

/** Undefined, with the reasons among the findings, for what the schema refuses. */
export function parseDraft<Schema extends z.ZodType>(schema: Schema, input: z.input<Schema>, draft: Refusable): z.output<Schema> | undefined {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  addIssues(draft, fieldIssues(parsed.error, schema));
  return undefined;
}

/** Notes why the rules refuse it. Throws what is not for the file to correct. */
export function addRefusal(draft: Refusable, error: AppError): void {
  if (error.owner !== 'client') throw error;
  addIssues(draft, error.issues.length === 0 ? [{ pointer: '', detail: error.message }] : error.issues);
}

function addIssues(draft: Refusable, issues: readonly FieldIssue[]): void {
  for (const { pointer, detail, code } of issues) {
    const instead = code === 'unknown_reference' && pointer.startsWith('/source') ? draft.advice : undefined;
    const what = pointer === '' ? `"${draft.wish}"` : pointer.slice(1).split('/', 1)[0];
    draft.findings.lost(draft.pointers.original(pointer), what ?? '', { why: detail, ...(instead === undefined ? {} : { instead }) });
  }
}
