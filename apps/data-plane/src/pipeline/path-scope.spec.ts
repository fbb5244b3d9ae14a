import { describe, expect, it } from '@jest/globals';
import { Expressions } from '../routing/expressions.js';
import { parseRequestTarget } from '../routing/request-target.js';
import { PathScope } from './path-scope.js';

function scope(include: string[], exclude: string[] = []): (path: string) => boolean {
  const made = PathScope.of({ include, exclude }, new Expressions());
  return (path) => made?.has(parseRequestTarget(path, 'h')) ?? true;
}

describe('PathScope', () => {
  it('is none where a slot names no paths', () => {
    expect(PathScope.of({ include: [], exclude: [] }, new Expressions())).toBeUndefined();
  });

  it('matches whole paths, without the query', () => {
    const has = scope(['/a', '/b/.*']);
    expect(['/a', '/a?x=/c', '/b/', '/b/c/d'].map(has)).toEqual([true, true, true, true]);
    expect(['/', '/ab', '/x/a', '/b'].map(has)).toEqual([false, false, false, false]);
  });

  it('leaves out what exclude names, also where nothing is included by name', () => {
    const has = scope([], ['/health', '/public/.*']);
    expect(['/health', '/public/a', '/healthy', '/'].map(has)).toEqual([false, false, true, true]);
  });

  it('is not escaped from by writing a path otherwise', () => {
    const guarded = scope(['/admin(/.*)?'], ['/admin/public/.*']);
    expect(['/%61dmin', '/admin%2Fx', '/admin/%70rivate', '/%61dmin/%0Ax'].map(guarded)).toEqual([true, true, true, true]);
    // Who reads the escapes sees a public path, who does not sees another: only where both agree is it left out.
    expect(guarded('/admin/public%2Fx')).toBe(true);
    expect(guarded('/admin/public/%78')).toBe(false);
  });

  it('is not escaped from by doubled slashes, which many servers read as one', () => {
    const guarded = scope(['/admin(/.*)?'], ['/admin/public/.*']);
    expect(['//admin', '/admin//x', '/%61dmin//x', '//admin/public/x', '/admin/public//x'].map(guarded)).toEqual([true, true, true, true, false]);
  });

  it('is not escaped from where an expression holds escapes, by writing them otherwise', () => {
    const guarded = scope(['/caf%C3%A9/a%20b']);
    expect(['/caf%C3%A9/a%20b', '/caf%c3%a9/a%20b', '/%63af%C3%A9/%61%20b'].map(guarded)).toEqual([true, true, true]);
  });

  it('takes every expression that is one by itself', () => {
    const has = scope(['/a\\Q.b', '/c|/d']);
    expect(['/a.b', '/c', '/d', '/axb'].map(has)).toEqual([true, true, true, false]);
  });
});
