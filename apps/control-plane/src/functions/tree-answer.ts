import { StreamableFile } from '@nestjs/common';
import type { SourceTree } from '@torii/contracts';
import { Answer } from '../http/answer.js';
import { writeZip } from './write-zip.js';

export interface ArchiveName {
  readonly name: string;
  /** The date of the files in the archive. */
  readonly at: Date;
}

/** A tree as JSON, or as a zip archive where that is all the caller accepts or what it names first. */
export function treeAnswer(tree: SourceTree, accept: string | undefined, archive: ArchiveName, headers: Record<string, string> = {}): Answer {
  const all = { ...headers, vary: 'accept' };
  if (!prefersZip(accept)) return new Answer(200, tree, all);
  const disposition = `attachment; filename="${archive.name}.zip"`; // a name or version holds nothing to be quoted
  return new Answer(200, new StreamableFile(writeZip(tree, archive.at), { type: 'application/zip', disposition }), all);
}

function prefersZip(accept: string | undefined): boolean {
  const types = (accept ?? '').split(',').map((part) => part.split(';', 1)[0]?.trim().toLowerCase());
  const zip = types.indexOf('application/zip');
  const json = types.indexOf('application/json');
  return zip >= 0 && (json < 0 || zip < json);
}
