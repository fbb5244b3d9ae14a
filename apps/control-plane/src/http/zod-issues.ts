import type { FieldIssue } from '@torii/contracts';
import { suggestion } from '@torii/module-check';
import type { z } from 'zod';
import { jsonPointer } from './json-pointer.js';
import { fieldsAt } from './schema-keys.js';

type Issue = z.core.$ZodIssue;

/** What is wrong with a value, each problem at the most specific field it can be traced to. */
export function fieldIssues(
  error: z.core.$ZodError,
  schema: z.core.$ZodType,
  pointerOf: (path: readonly PropertyKey[]) => string = jsonPointer,
): FieldIssue[] {
  return error.issues.flatMap((issue) => explain(issue, issue.path, schema, pointerOf));
}

function explain(
  issue: Issue,
  path: readonly PropertyKey[],
  schema: z.core.$ZodType,
  pointerOf: (path: readonly PropertyKey[]) => string,
): FieldIssue[] {
  if (issue.code === 'unrecognized_keys') {
    const known = fieldsAt(schema, path);
    return issue.keys.map((key) => ({
      pointer: pointerOf([...path, key]),
      detail: `there is no field "${key}" here${suggestion(key, known)}`,
      code: 'unknown_field',
    }));
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const option = issue.errors.find(isAboutContents);
    if (option !== undefined) return option.flatMap((inner) => explain(inner, [...path, ...inner.path], schema, pointerOf));
    // None of the alternatives fits at all: say what each of them wants.
    const wanted = new Set(issue.errors.flatMap((alternative) => alternative.map(messageOf)));
    return [{ pointer: pointerOf(path), detail: [...wanted].join('; or ') }];
  }
  return [{ pointer: pointerOf(path), detail: messageOf(issue) }];
}

/** Whether an alternative of a union fits on the outside and fails on the inside: then its problems are the ones meant. */
function isAboutContents(issues: readonly Issue[]): boolean {
  return issues.every((issue) => issue.path.length > 0 || issue.code === 'unrecognized_keys');
}

function messageOf(issue: Issue): string {
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) return `is required (${issue.expected})`;
  return issue.message.replace(/^Invalid input: /, '');
}
