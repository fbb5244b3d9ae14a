import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sha256 } from '@torii/config-sync';
import { diagnosticsMax } from '@torii/contracts';
import { Secret } from '@torii/service-kit';
import { ControlPlaneAway } from '../src/control-plane/control-plane-away.js';
import { ControlPlaneClient } from '../src/control-plane/control-plane-client.js';
import { AControlPlane, nodeToken } from './a-control-plane.js';

describe('what a builder asks the control plane', () => {
  const controlPlane = new AControlPlane();
  const signal = new AbortController().signal;
  beforeEach(() => controlPlane.start());
  afterEach(async () => {
    controlPlane.failWith = undefined;
    controlPlane.releaseUploads();
    await controlPlane.stop();
  });

  function client(token = nodeToken, timeoutMs = 10_000): ControlPlaneClient {
    return new ControlPlaneClient({ url: controlPlane.url, nodeToken: new Secret(token), timeoutMs });
  }

  it('gets sources by their hash, and takes no others', async () => {
    const digest = controlPlane.addSources({ 'main.wat': '(module)' });
    expect(await client().sources(digest, signal)).toEqual({ files: [{ path: 'main.wat', content: '(module)', encoding: 'utf8' }] });
    const other = 'f'.repeat(64);
    controlPlane.mislabel(digest, other);
    await expect(client().sources(other, signal)).rejects.toThrow('sent other sources');
  });

  it('tells what is not there from a control plane that cannot be asked', async () => {
    const missing = 'e'.repeat(64);
    await expect(client().sources(missing, signal)).rejects.toThrow(`answered 404 for the sources ${missing}`);
    await expect(client().sources(missing, signal)).rejects.not.toBeInstanceOf(ControlPlaneAway);
    expect(await client().cachedBuild(missing, signal)).toBeUndefined();
    controlPlane.failWith = 502;
    await expect(client().cachedBuild(missing, signal)).rejects.toBeInstanceOf(ControlPlaneAway);
  });

  it('says which setting is wrong when its token is refused', async () => {
    await expect(client('another-token-altogether').cachedBuild('0'.repeat(64), signal)).rejects.toThrow('set TORII_NODE_TOKEN');
  });

  it('stores a module under its hash alone', async () => {
    const wasm = Buffer.from('\0asm');
    await client().storeArtifact(sha256(wasm), wasm, signal);
    expect(controlPlane.artifacts.get(sha256(wasm))).toEqual(wasm);
    await expect(client().storeArtifact('0'.repeat(64), wasm, signal)).rejects.toThrow('answered 422');
  });

  it('takes the longest answer that the build cache may give, and what is no answer for none', async () => {
    const key = 'c'.repeat(64);
    const warnings = Array.from({ length: diagnosticsMax }, () => ({ severity: 'warning' as const, message: '\u0001'.repeat(8_000), file: 'a.ts' }));
    const cached = { sha256: key, toolchain: { test: '1' }, warnings };
    controlPlane.cache.set(key, cached);
    expect(await client().cachedBuild(key, signal)).toEqual(cached);
    controlPlane.cache.set(key, Buffer.from('{') as never);
    expect(await client().cachedBuild(key, signal)).toBeUndefined();
  });

  it('does not take an answer that is too long for a control plane that is away', async () => {
    const digest = controlPlane.addSources({ 'main.wat': 'x'.repeat(33 * 1024 * 1024) });
    const failure = client().sources(digest, signal);
    await expect(failure).rejects.toThrow('more than');
    await expect(failure).rejects.not.toBeInstanceOf(ControlPlaneAway);
  });

  it('waits no longer than it may, nor than its build goes on', async () => {
    controlPlane.holdUploads();
    await expect(client(nodeToken, 50).storeArtifact('0'.repeat(64), Buffer.from('x'), signal)).rejects.toBeInstanceOf(ControlPlaneAway);
    const ended = new AbortController();
    const storing = client().storeArtifact('0'.repeat(64), Buffer.from('x'), ended.signal);
    ended.abort(new Error('the build was cancelled'));
    await expect(storing).rejects.toThrow('the build was cancelled');
  });
});
