import { describe, expect, it } from '@jest/globals';
import { RequestAttributes } from '@torii/wasm-runtime';
import { withAddedHeaders } from './added-headers.js';

const response = { status: 200, headers: { 'x-a': '1', 'x-list': ['a', 'b'] }, body: '' };

function attributesWith(added: unknown): RequestAttributes {
  const attributes = new RequestAttributes();
  attributes.set('otoroshi.next.core.ResponseAddHeaders', JSON.stringify(added));
  return attributes;
}

describe('withAddedHeaders', () => {
  it('leaves a response as it is when no plugin adds any', () => {
    expect(withAddedHeaders(response, new RequestAttributes())).toBe(response);
  });

  it('adds headers, to those that are there too, but none of ours', () => {
    const added = { 'X-New': 'n', 'x-a': '2', 'X-List': 'c', 'Content-Length': '5', 'x-request-id': 'mine' };
    expect(withAddedHeaders(response, attributesWith(added)).headers).toEqual({ 'x-a': ['1', '2'], 'x-list': ['a', 'b', 'c'], 'x-new': 'n' });
    expect(response.headers).toEqual({ 'x-a': '1', 'x-list': ['a', 'b'] });
  });

  it('adds a header that is called as something every object has', () => {
    expect(withAddedHeaders(response, attributesWith({ constructor: 'c' })).headers).toMatchObject({ constructor: 'c' });
  });

  it.each([[['a']], ['text'], [{ 'x-a': 1 }], [{ 'bad name': 'v' }], [{ 'x-a': 'line\nbreak' }]])('refuses %j', (added) => {
    expect(() => withAddedHeaders(response, attributesWith(added))).toThrow(expect.objectContaining({ code: 'plugin.bad_output' }));
  });
});
