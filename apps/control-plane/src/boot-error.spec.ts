import { describe, expect, it } from '@jest/globals';
import { describeBootError } from './boot-error.js';
import { MigrationError } from './prisma/migrate.js';

const env = { databaseDirectUrl: 'postgresql://user:hunter2@db.example:5432/torii', host: '127.0.0.1', port: 9000 };

describe('describeBootError', () => {
  it.each<[Error, RegExp]>([
    [
      Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' }),
      /^cannot use the database at db\.example:5432\/torii: connect/,
    ],
    [Object.assign(new Error('password authentication failed'), { code: '28P01' }), /^cannot use the database at db\.example/],
    [new Error('timeout expired'), /^cannot use the database/],
    [Object.assign(new AggregateError([new Error('a'), new Error('b')], ''), { code: 'ECONNREFUSED' }), /a; b$/],
    [Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' }), /^cannot listen on 127\.0\.0\.1:9000/],
    [new MigrationError('migration x failed: syntax error'), /migration x failed/],
    [new Error('two\nlines'), /two lines$/],
  ])('says in one line, without the password, why %s', (error, line) => {
    const text = describeBootError(error, env);
    expect(text).toMatch(line);
    expect(text).not.toContain('hunter2');
    expect(text).not.toContain('\n');
  });
});
