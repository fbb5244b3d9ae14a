import { Readable } from 'node:stream';
import { Injectable, type PipeTransform } from '@nestjs/common';
import { AppError } from '@torii/contracts';
import { RefusedBody } from '../http/body-parsers.js';
import { invalid } from '../http/invalid.js';
import { storageIssue } from '../http/storable.js';

/** Lets any JSON through that can be kept, a list too. */
@Injectable()
export class ImportBodyPipe implements PipeTransform<unknown, unknown> {
  transform(body: unknown): unknown {
    if (body instanceof RefusedBody) throw body.error;
    if (body instanceof Readable) throw new AppError('client.unsupported_media_type', { detail: 'send application/json' });
    if (body === undefined) throw new AppError('client.bad_request', { detail: 'a JSON body is needed' });
    const issue = storageIssue(body);
    if (issue !== undefined) throw invalid([issue]);
    return body;
  }
}
