import { Settings } from '@torii/contracts';
import { WriteQuery } from '../http/query.js';
import type { AnswerSpec, OperationSpec } from '../openapi/operation.decorator.js';

const answer = (description: string): AnswerSpec => ({ description, schema: Settings, headers: { ETag: 'Of the settings, for If-Match' } });
const onWrite = 'Plugins are referred to by name or id, and answered by name.';
const problems = [409, 412, 413, 415, 422];

export const readSettings: OperationSpec = {
  summary: 'Read the settings',
  description: 'What holds for all routes. There always are settings: without plugins as long as nobody has written any.',
  requestHeaders: ['If-None-Match'],
  answers: { 200: answer('The settings'), 304: { description: 'They are as If-None-Match says' } },
};

export const replaceSettings: OperationSpec = {
  summary: 'Replace the settings',
  description: `Fields left out take their defaults. ${onWrite}`,
  query: WriteQuery,
  body: { contentTypes: ['application/json'], schema: Settings },
  isWrite: true,
  requestHeaders: ['If-Match', 'If-None-Match'],
  answers: { 200: answer('The settings as written') },
  problems,
};

export const patchSettings: OperationSpec = {
  summary: 'Change the settings',
  description: `A JSON merge patch (RFC 7396): null takes a field back to its default, and a list is replaced as a whole. ${onWrite}`,
  query: WriteQuery,
  body: { contentTypes: ['application/merge-patch+json', 'application/json'], schema: Settings.partial() },
  isWrite: true,
  requestHeaders: ['If-Match'],
  answers: { 200: answer('The settings as changed') },
  problems,
};
