import { AppError } from '@torii/contracts';
import type { z } from 'zod';
import { storageIssue } from './storable.js';

/** Where a list goes on, opaque to callers: the sort key of the last item they have. */
export function encodeCursor(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** Throws `client.invalid` at `?cursor` when the text is not a cursor of this list. */
export function decodeCursor<Schema extends z.ZodType>(schema: Schema, cursor: string): z.infer<Schema> {
  const position = parse(cursor);
  const parsed = schema.safeParse(position);
  if (parsed.success && storageIssue(position) === undefined) return parsed.data;
  const issue = { pointer: '?cursor', detail: 'is not a cursor of this list: take nextCursor of the page before' };
  throw new AppError('client.invalid', { detail: issue.detail, issues: [issue] });
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

/** One row more than the page was asked for, so that we know whether there is another page. */
export function pageOf<Row, Item>(rows: readonly Row[], limit: number, toItem: (row: Row) => Item, positionOf: (row: Row) => unknown) {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const nextCursor = rows.length > limit && last !== undefined ? encodeCursor(positionOf(last)) : null;
  return { items: page.map(toItem), nextCursor };
}
