import { Injectable, type PipeTransform } from '@nestjs/common';
import { JsonObjectPipe } from '../http/body.pipe.js';
import type { JsonObject } from '../http/merge-patch.js';

/** A JSON object, or nothing at all, where every field has a default. */
@Injectable()
export class OptionalBodyPipe implements PipeTransform<unknown, JsonObject> {
  private readonly object = new JsonObjectPipe();

  transform(body: unknown): JsonObject {
    return body === undefined || body === null ? {} : this.object.transform(body);
  }
}
