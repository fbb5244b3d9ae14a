import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from './logger.js';
import { Secret } from './secret.js';
import { readOrCreateSecretFile } from './secret-file.js';

describe('Secret', () => {
  it('shows in no text, JSON, inspection or log line', () => {
    const secret = new Secret('hunter2');
    const lines: string[] = [];
    createLogger({ level: 'info', app: 'test' }, { write: (line: string) => lines.push(line) }).info({ secret }, 'made');
    expect([String(secret), JSON.stringify({ secret }), inspect({ secret }), lines.join()].join()).not.toContain('hunter2');
    expect(secret.reveal()).toBe('hunter2');
  });
});

describe('Secret.matches', () => {
  it('takes the same text, and no other', () => {
    const secret = new Secret('hunter2');
    expect(secret.matches('hunter2')).toBe(true);
    for (const other of ['', 'hunter', 'hunter22', 'Hunter2']) expect(secret.matches(other)).toBe(false);
  });
});

describe('readOrCreateSecretFile', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'torii-secret-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('makes a secret only its owner can read, and hands out the same one ever after', async () => {
    const file = path.join(folder, 'new', 'token');
    const first = (await readOrCreateSecretFile(file)).reveal();
    expect(first).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect((await readOrCreateSecretFile(file)).reveal()).toBe(first);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(path.dirname(file))).toEqual(['token']);
  });

  it('gives the same secret to all who ask at once', async () => {
    const file = path.join(folder, 'token');
    const secrets = await Promise.all(Array.from({ length: 8 }, () => readOrCreateSecretFile(file)));
    expect(new Set(secrets.map((secret) => secret.reveal())).size).toBe(1);
  });

  it('refuses an empty file instead of an empty secret', async () => {
    const file = path.join(folder, 'token');
    writeFileSync(file, '\n');
    await expect(readOrCreateSecretFile(file)).rejects.toThrow('is empty');
  });
});
