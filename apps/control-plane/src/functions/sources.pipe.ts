import { Readable } from 'node:stream';
import { Injectable, type PipeTransform } from '@nestjs/common';
import { AppError } from '@torii/contracts';
import { JsonObjectPipe } from '../http/body.pipe.js';
import { isJsonObject, type JsonObject } from '../http/merge-patch.js';
import { isStorableText } from '../http/storable.js';
import { bytesOf } from './file-bytes.js';

/** Lets a JSON object through whose files may hold any text: what the database cannot hold goes on as base64. */
@Injectable()
export class SourcesPipe extends JsonObjectPipe {
  override transform(body: unknown): JsonObject {
    if (!isJsonObject(body) || !Array.isArray(body.files)) return super.transform(body);
    return super.transform({ ...body, files: body.files.map(storable) });
  }
}

function storable(file: unknown): unknown {
  if (!isJsonObject(file) || typeof file.content !== 'string' || isStorableText(file.content)) return file;
  if (file.encoding !== undefined && file.encoding !== 'utf8') return file;
  const bytes = bytesOf({ path: '', content: file.content, encoding: 'utf8' });
  return { ...file, content: bytes.toString('base64'), encoding: 'base64' };
}

/** A whole tree: JSON, or the stream of an archive. */
@Injectable()
export class TreePipe implements PipeTransform<unknown, JsonObject | Readable> {
  private readonly json = new SourcesPipe();

  transform(body: unknown): JsonObject | Readable {
    return body instanceof Readable ? body : this.json.transform(body);
  }
}

/** The bytes of one file; undefined for an empty one that was sent without a content type. */
@Injectable()
export class FilePipe implements PipeTransform<unknown, Readable | undefined> {
  transform(body: unknown): Readable | undefined {
    if (body === undefined || body === null || body instanceof Readable) return body ?? undefined;
    throw new AppError('client.unsupported_media_type', { detail: 'send the bytes of the file' });
  }
}
