import { errorTable } from '@torii/contracts';

/** RFC 9457, as `problemOf` of contracts writes it. */
export const problemSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'requestId'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', enum: Object.keys(errorTable) },
    requestId: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'detail'],
        properties: {
          pointer: { type: 'string', description: 'JSON pointer (RFC 6901) into the body, or ?name for a query parameter' },
          detail: { type: 'string' },
          code: {
            type: 'string',
            enum: ['not_available', 'unknown_field', 'missing_grant', 'unknown_import', 'missing_export', 'unknown_reference'],
          },
        },
      },
    },
  },
} as const;
