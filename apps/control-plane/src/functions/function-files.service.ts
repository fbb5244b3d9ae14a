import { Readable } from 'node:stream';
import { Injectable, StreamableFile } from '@nestjs/common';
import { AppError, adminApiLimits, FilePath, type FunctionEntity, type SourceFile, SourceTree, sourceLimits } from '@torii/contracts';
import { Answer } from '../http/answer.js';
import { isNotModified } from '../http/etag.js';
import { invalid } from '../http/invalid.js';
import type { JsonObject } from '../http/merge-patch.js';
import { readBytes } from '../http/read-bytes.js';
import type { RequestContext } from '../http/request-context.js';
import { fieldIssues } from '../http/zod-issues.js';
import { BoundedGate } from '../platform/bounded-gate.js';
import { PrismaService } from '../prisma/prisma.service.js';
import { bytesOf, fileOf } from './file-bytes.js';
import { functionSpecOf } from './function.mapper.js';
import { checkFunctionPreconditions, functionEtag } from './function-etag.js';
import { entryOf } from './function-input.js';
import { FunctionWriter } from './function-writer.js';
import { findFunction, functionNotFound } from './functions.queries.js';
import { FunctionsService } from './functions.service.js';
import { readZip } from './read-zip.js';
import { SourceStore } from './source-store.js';
import { type CheckedTree, checkedTree } from './source-tree.js';
import { treeAnswer } from './tree-answer.js';
import type { TreesAtHand } from './trees-at-hand.js';

/** The sources of functions, file by file or as a whole. Each write replaces the tree, under the lock of all writes. */
@Injectable()
export class FunctionFilesService {
  /** Archives being unpacked, which bounds the memory that takes. */
  private readonly archives = new BoundedGate({ runningMax: 4, waitingMax: 64, waitTimeoutMs: 10_000 });

  constructor(
    private readonly prisma: PrismaService,
    private readonly writer: FunctionWriter,
    private readonly sources: SourceStore,
    private readonly functions: FunctionsService,
  ) {}

  async get(reference: string, accept: string | undefined, context: RequestContext): Promise<Answer> {
    const entity = await this.find(reference);
    const etag = functionEtag(entity);
    if (isNotModified(context.ifNoneMatch, etag)) return new Answer(304, undefined, { etag, vary: 'accept' });
    const tree = await this.sources.read(entity.source.sha256);
    return treeAnswer(tree, accept, { name: entity.name, at: new Date(entity.updatedAt) }, { etag });
  }

  async getFile(reference: string, path: string, context: RequestContext): Promise<Answer> {
    const entity = await this.find(reference);
    const headers = { etag: functionEtag(entity) };
    const file = fileAt(await this.sources.read(entity.source.sha256), path);
    // First: the tag is the function's, which callers have from its other files too.
    if (file === undefined) throw fileNotFound(path);
    if (isNotModified(context.ifNoneMatch, headers.etag)) return new Answer(304, undefined, headers);
    const type = file.encoding === 'utf8' ? 'text/plain; charset=utf-8' : 'application/octet-stream';
    const bytes = bytesOf(file);
    return new Answer(200, new StreamableFile(bytes, { type, length: bytes.length }), headers);
  }

  /** The whole tree, as `SourceTree` or as a zip archive. */
  async put(reference: string, body: JsonObject | Readable, context: RequestContext): Promise<Answer> {
    const tree = body instanceof Readable ? await this.treeOfArchive(body) : treeOfJson(body);
    return this.change(reference, context, tree.sha256, async () => tree);
  }

  async putFile(reference: string, path: string, body: Readable | undefined, context: RequestContext): Promise<Answer> {
    const filePath = FilePath.safeParse(path);
    if (!filePath.success) throw invalid(filePath.error.issues.map(({ message }) => ({ pointer: '', detail: `the path ${message}` })));
    const limit = { maxBytes: sourceLimits.fileMaxBytes, what: 'a file' };
    const bytes = body === undefined ? Buffer.alloc(0) : await readBytes(body, limit);
    const file = fileOf(filePath.data, bytes);
    let isNew = false;
    const answer = await this.change(reference, context, file, async (entity, trees) => {
      const { files } = await trees.get(entity.source.sha256);
      const others = files.filter((other) => other.path !== file.path);
      isNew = others.length === files.length;
      return besideOthers([...others, file]);
    });
    return isNew ? new Answer(201, answer.body, answer.headers, answer.revision) : answer;
  }

  async removeFile(reference: string, path: string, context: RequestContext): Promise<Answer> {
    const answer = await this.change(reference, context, undefined, async (entity, trees) => {
      const tree = await trees.get(entity.source.sha256);
      const file = fileAt(tree, path);
      if (file === undefined) throw fileNotFound(path);
      if (file.path === entryOf(entity)) {
        throw new AppError('client.conflict', { detail: `"${file.path}" is where builds begin: make another file the entry first` });
      }
      return besideOthers(tree.files.filter((other) => other !== file));
    });
    return new Answer(204, undefined, answer.headers, answer.revision);
  }

  /** `request` is what tells this request from another one with the same Idempotency-Key. */
  private change(
    reference: string,
    context: RequestContext,
    request: unknown,
    treeFor: (entity: FunctionEntity, trees: TreesAtHand) => Promise<CheckedTree>,
  ): Promise<Answer> {
    const prepare = (trees: TreesAtHand): Promise<void> => this.prepare(reference, trees, treeFor);
    return this.writer.run(context, request, prepare, async (write, trees) => {
      const entity = await findFunction(write.tx, reference);
      if (entity === undefined) throw functionNotFound();
      checkFunctionPreconditions(context, entity);
      return this.functions.update(write, entity, { spec: functionSpecOf(entity), tree: await treeFor(entity, trees) }, trees);
    });
  }

  /** What the write will come to if nobody else changes the function meanwhile. What it will refuse, it refuses itself. */
  private async prepare(
    reference: string,
    trees: TreesAtHand,
    treeFor: (entity: FunctionEntity, trees: TreesAtHand) => Promise<CheckedTree>,
  ): Promise<void> {
    const entity = await findFunction(this.prisma, reference);
    if (entity === undefined) return;
    try {
      await trees.fetch(entity.source.sha256);
      await trees.write(await treeFor(entity, trees));
    } catch (error) {
      if (!(error instanceof AppError) || error.owner !== 'client') throw error;
    }
  }

  private async treeOfArchive(body: Readable): Promise<CheckedTree> {
    // Before it takes its turn: a client that sends slowly holds nobody up.
    const archive = await readBytes(body, { maxBytes: adminApiLimits.jsonBodyMaxBytes, what: 'a zip archive' });
    return this.archives.run(async () => checkedTree(await readZip(archive), 'archive'));
  }

  private async find(reference: string): Promise<FunctionEntity> {
    const entity = await findFunction(this.prisma, reference);
    if (entity === undefined) throw functionNotFound();
    return entity;
  }
}

function treeOfJson(body: JsonObject): CheckedTree {
  const parsed = SourceTree.safeParse(body);
  if (!parsed.success) throw invalid(fieldIssues(parsed.error, SourceTree));
  return checkedTree(parsed.data.files, 'json');
}

/** One more file may be too many, or stand where another one is: then the state of the function is in the way. */
function besideOthers(files: readonly SourceFile[]): CheckedTree {
  try {
    return checkedTree(files, 'archive');
  } catch (error) {
    if (error instanceof AppError && error.code === 'client.invalid') {
      throw new AppError('client.conflict', { detail: error.issues.map(({ detail }) => detail).join('; ') });
    }
    throw error;
  }
}

function fileAt({ files }: SourceTree, path: string): SourceFile | undefined {
  const normal = path.normalize('NFC');
  return files.find((file) => file.path === normal);
}

function fileNotFound(path: string): AppError {
  return new AppError('client.not_found', { detail: `the function has no file "${path}"` });
}
