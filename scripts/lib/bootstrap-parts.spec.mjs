import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { appNode } from './checkout.mjs';
import { closingLine, countsOf, needsServers } from './jest-run.mjs';
import { releaseLock, takeLock } from './lock-file.mjs';
import { choosePnpm, explainInstallFailure } from './package-manager.mjs';
import { fingerprint, Stamps } from './stamps.mjs';

const folder = mkdtempSync(path.join(tmpdir(), 'torii-scripts-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('choosePnpm', () => {
  const pinned = 'pnpm@10.34.9+sha512.abc';
  const answering = (answers) => (command) => answers[command.join(' ')];

  it('takes only the exact version: from the path, else from corepack, else by npx', () => {
    expect(choosePnpm(pinned, answering({ pnpm: '10.34.9' }))).toEqual(['pnpm']);
    expect(choosePnpm(pinned, answering({ pnpm: '10.34.8', 'corepack pnpm': '10.34.9' }))).toEqual(['corepack', 'pnpm']);
    expect(choosePnpm(pinned, answering({})).at(-1)).toBe('pnpm@10.34.9');
  });

  it('tells a registry out of reach from other failures', () => {
    expect(explainInstallFailure('request failed, reason: getaddrinfo ENOTFOUND host')).toContain('cannot be reached (ENOTFOUND)');
    expect(explainInstallFailure('ERR_PNPM_OUTDATED_LOCKFILE')).toBeUndefined();
  });
});

describe('appNode', () => {
  it('refuses a platform without a shipped Node only when this one is too old', () => {
    expect(appNode('sunos-x64', '24.0.0')).toBe(process.execPath);
    expect(() => appNode('sunos-x64', '22.9.0')).toThrow('run this with Node 24 or newer');
  });
});

describe('Stamps', () => {
  it('knows what was done, and does everything again when its file is broken', () => {
    const file = path.join(folder, 'stamps.json');
    const stamps = new Stamps(file);
    expect(stamps.isFresh('install', 'a')).toBe(false);
    stamps.set('install', 'a');
    stamps.set('generate', 'b');
    expect([stamps.isFresh('install', 'a'), stamps.isFresh('generate', 'b'), stamps.isFresh('install', 'c')]).toEqual([true, true, false]);
    writeFileSync(file, '{"install');
    expect(stamps.isFresh('install', 'a')).toBe(false);
  });

  it('changes with a name, a content, and a file that goes', () => {
    writeFileSync(path.join(folder, 'one'), 'x');
    const first = fingerprint(folder, ['one', 'two']);
    writeFileSync(path.join(folder, 'two'), 'x');
    const second = fingerprint(folder, ['two', 'one']);
    expect(second).not.toBe(first);
    expect(fingerprint(folder, ['one', 'two'])).toBe(second);
  });
});

describe('takeLock', () => {
  const file = path.join(folder, 'lock');

  it('is refused while its owner lives, and taken from a dead one or from a stranger', async () => {
    const owner = spawn(process.execPath, ['--eval', 'setInterval(() => {}, 1000)', 'the-owner'], { stdio: 'ignore' });
    writeFileSync(file, `${owner.pid}\n`);
    expect(takeLock(file, 'the-owner')).toBe(owner.pid);
    expect(takeLock(file, 'another program')).toBeUndefined();
    writeFileSync(file, `${owner.pid}\n`);
    const ended = new Promise((resolve) => owner.once('exit', resolve));
    owner.kill('SIGKILL');
    await ended;
    expect(takeLock(file, 'the-owner')).toBeUndefined();
    releaseLock(file);
    expect(takeLock(file, 'the-owner')).toBeUndefined();
  });
});

describe('a test run', () => {
  it('needs no servers for unit tests alone', () => {
    expect(needsServers(['--selectProjects', 'unit'])).toBe(false);
    expect(needsServers(['--selectProjects=unit', 'packages/kv'])).toBe(false);
    expect(needsServers(['--selectProjects', 'unit', 'e2e'])).toBe(true);
    expect(needsServers(['packages/kv'])).toBe(true);
    expect(needsServers([])).toBe(true);
  });

  it('counts a suite that could not load as a failure', () => {
    const counts = countsOf({ numPassedTests: 3, numFailedTests: 1, numRuntimeErrorTestSuites: 1, numPendingTests: 0, numTodoTests: 0 });
    expect(closingLine(counts)).toBe('3 passed, 2 failed');
    expect(closingLine({ passed: 3, failed: 0, skipped: 2 })).toBe('3 passed, 0 failed, 2 skipped');
  });
});
