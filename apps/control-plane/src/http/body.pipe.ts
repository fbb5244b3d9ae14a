import { Readable } from 'node:stream';
import { Injectable, type PipeTransform } from '@nestjs/common';
import { AppError } from '@torii/contracts';
import { RefusedBody } from './body-parsers.js';
import { invalid } from './invalid.js';
import { isJsonObject, type JsonObject } from './merge-patch.js';
import { storageIssue } from './storable.js';

/** Lets a JSON object through that can be kept; what it holds is for the feature to judge. */
@Injectable()
export class JsonObjectPipe implements PipeTransform<unknown, JsonObject> {
  transform(body: unknown): JsonObject {
    if (body instanceof RefusedBody) throw body.error;
    if (body instanceof Readable) throw new AppError('client.unsupported_media_type', { detail: 'send application/json' });
    if (body === undefined || body === null) throw new AppError('client.bad_request', { detail: 'a JSON body is needed' });
    if (!isJsonObject(body)) throw invalid([{ pointer: '', detail: 'must be an object' }]);
    const issue = storageIssue(body);
    if (issue !== undefined) throw invalid([issue]);
    return body;
  }
}

/** Lets the stream of an upload through. */
@Injectable()
export class UploadPipe implements PipeTransform<unknown, Readable> {
  transform(body: unknown): Readable {
    if (body instanceof Readable) return body;
    throw new AppError('client.unsupported_media_type', { detail: 'send application/wasm' });
  }
}
