import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { EnvError, envVar, parseEnv } from './env.js';

const schema = z.object({
  PORT: envVar.port().default(80),
  URL_OF_IT: envVar.url('redis', 'rediss'),
  TOKEN: envVar.secret(4).optional(),
  NAMES: envVar.list().default([]),
});

function problems(source: Record<string, string | undefined>): string[] {
  try {
    parseEnv(schema, source);
  } catch (error) {
    if (error instanceof EnvError) return error.message.split('\n');
  }
  return [];
}

describe('parseEnv', () => {
  it('parses what is there and fills in defaults', () => {
    const env = parseEnv(schema, { URL_OF_IT: 'rediss://h', NAMES: ' a, b ,', TOKEN: 'abcd', OTHER: 'x' });
    expect(env).toMatchObject({ PORT: 80, URL_OF_IT: 'rediss://h', NAMES: ['a', 'b'] });
    expect(env.TOKEN?.reveal()).toBe('abcd');
    expect(env).not.toHaveProperty('OTHER');
  });

  it('tells every problem at once, one line each, with the name of its variable', () => {
    const lines = problems({ PORT: '99999', TOKEN: 'abc' });
    expect(lines).toHaveLength(3);
    expect(lines.join('\n')).toMatch(/PORT[\s\S]*URL_OF_IT|URL_OF_IT[\s\S]*PORT/);
  });

  it('refuses a variable that is set but empty, even an optional one', () => {
    expect(problems({ URL_OF_IT: 'redis://h', TOKEN: '' })).toEqual(['TOKEN is set but empty: give it a value or unset it']);
  });

  it('never repeats a secret in a problem', () => {
    expect(problems({ URL_OF_IT: 'redis://h', TOKEN: 'abc' }).join()).not.toContain('abc');
  });
});
