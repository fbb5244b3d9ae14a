import { describe, expect, it } from '@jest/globals';
import { InfoLines } from './info-lines.js';
import { createLogger } from './logger.js';

function loggerInto(lines: string[], level = 'info') {
  return createLogger({ level, app: 'a "name"', fields: { nodeId: 'n1', thread: 0 } }, { write: (line) => lines.push(line) });
}

const withoutTime = (line: string | undefined) => line?.replace(/"time":"[^"]*"/, '');

describe('InfoLines', () => {
  it('writes what the logger would have written', () => {
    const lines: string[] = [];
    const log = loggerInto(lines);
    log.info({ status: 200, path: '/a' }, 'a "message"');
    new InfoLines(log, 'a "message"').write(',"status":200,"path":"/a"');
    expect(lines).toHaveLength(2);
    expect(withoutTime(lines[1])).toBe(withoutTime(lines[0]));
    expect(lines[1]).toMatch(/"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"/);
  });

  it('writes nothing where the level keeps such lines back', () => {
    const lines: string[] = [];
    for (const level of ['warn', 'silent']) new InfoLines(loggerInto(lines, level), 'request').write(',"status":200');
    expect(lines).toEqual([]);
  });

  it('keeps its place among the lines of a logger that batches', () => {
    const writes: string[] = [];
    const log = createLogger({ level: 'info', app: 'test', isBatched: true }, { write: (line) => writes.push(line) });
    const requests = new InfoLines(log, 'request');
    log.error('before');
    requests.write(',"n":1');
    expect(writes).toHaveLength(1);
    log.warn('between');
    requests.write(',"n":2');
    expect(writes).toHaveLength(1);
    log.error('after');
    const batch = writes[1]?.trim().split('\n') ?? [];
    expect(batch.map((line) => JSON.parse(line).msg)).toEqual(['request', 'between', 'request', 'after']);
  });
});
