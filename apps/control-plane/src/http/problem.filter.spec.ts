import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { HttpException } from '@nestjs/common';
import { AppError } from '@torii/contracts';
import { toAppError } from './problem.filter.js';

describe('toAppError', () => {
  it('keeps our own errors', () => {
    const error = new AppError('client.conflict');
    expect(toAppError(error)).toBe(error);
  });

  it.each([
    [401, 'client.unauthenticated'],
    [404, 'client.not_found'],
    [413, 'client.body_too_large'],
    [414, 'client.bad_request'],
    [415, 'client.unsupported_media_type'],
    [418, 'client.bad_request'],
  ])('gives the code for status %i of Nest and Fastify', (status, code) => {
    expect(toAppError(new HttpException('secret text', status))).toMatchObject({ code, detail: undefined });
    expect(toAppError(Object.assign(new Error('secret text'), { statusCode: status }))).toMatchObject({ code, detail: undefined });
  });

  it.each(['ECONNREFUSED', 'P1001', 'P2028', '57P01'])('takes %s for a database that is away, however deep it is', (code) => {
    const error = new Error('outer', { cause: Object.assign(new Error('inner'), { code }) });
    expect(toAppError(error)).toMatchObject({ code: 'platform.database', detail: undefined });
  });

  it('shows nothing of an error it does not know', () => {
    const error = new Error('password is hunter2');
    expect(toAppError(error)).toMatchObject({ code: 'platform.internal', detail: undefined, cause: error });
    expect(toAppError('thrown text')).toMatchObject({ code: 'platform.internal', detail: undefined });
  });
});
