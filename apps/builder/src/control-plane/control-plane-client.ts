import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalJson, sha256 } from '@torii/config-sync';
import { CachedBuild, SourceTree } from '@torii/contracts';
import type { Secret } from '@torii/service-kit';
import { BodyTooLarge, boundedBody } from './bounded-body.js';
import { ControlPlaneAway } from './control-plane-away.js';

export interface ControlPlaneClientOptions {
  readonly url: string;
  readonly nodeToken: Secret;
  /** What one request may take, with its body (ms). */
  readonly timeoutMs: number;
}

/** Sources of 5 MiB, in JSON that may write a character as six. */
const sourcesMaxBytes = 32 * 1024 * 1024;
/** All warnings that a cached build may have, in JSON that may write a character as six. */
const cachedBuildMaxBytes = 8 * 1024 * 1024;
const answerMaxBytes = 1024 * 1024;
/** Everything asked here may be asked again: nothing is changed, but for modules that are stored under their own hash. */
const triesMax = 3;
const retryMs = 250;

/** What a builder asks the control plane. Everything throws `ControlPlaneAway` when it does not answer, and ends with the signal. */
export class ControlPlaneClient {
  constructor(private readonly options: ControlPlaneClientOptions) {}

  /** The sources with that hash, which is checked. Throws `Error` when the control plane has others, or none. */
  async sources(digest: string, signal: AbortSignal): Promise<SourceTree> {
    const { status, body } = await this.ask(`/internal/sources/${digest}`, { method: 'GET' }, { signal, maxBytes: sourcesMaxBytes });
    if (status !== 200) throw new Error(`the control plane answered ${status} for the sources ${digest}`);
    const tree = SourceTree.parse(JSON.parse(body));
    if (sha256(canonicalJson(tree)) !== digest) throw new Error(`the control plane sent other sources than ${digest}`);
    return tree;
  }

  /** What an earlier build with this key made, as far as the control plane knows. */
  async cachedBuild(key: string, signal: AbortSignal): Promise<CachedBuild | undefined> {
    const { status, body } = await this.ask(`/internal/build-cache/${key}`, { method: 'GET' }, { signal, maxBytes: cachedBuildMaxBytes });
    if (status === 404) return undefined;
    if (status !== 200) throw new Error(`the control plane answered ${status} for the build cache`);
    return CachedBuild.safeParse(parseJson(body)).data;
  }

  /** Stores a module, if the control plane does not have it. */
  async storeArtifact(digest: string, wasm: Uint8Array, signal: AbortSignal): Promise<void> {
    const request = { method: 'PUT', headers: { 'content-type': 'application/wasm' }, body: Buffer.from(wasm.buffer, wasm.byteOffset, wasm.length) };
    const { status, body } = await this.ask(`/internal/artifacts/${digest}`, request, { signal, maxBytes: answerMaxBytes });
    if (status !== 200 && status !== 201)
      throw new Error(`the control plane answered ${status} for a module that was built: ${body.slice(0, 1_000)}`);
  }

  private async ask(path: string, request: RequestInit, bounds: Bounds): Promise<Answer> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.askOnce(path, request, bounds);
      } catch (error) {
        if (tries >= triesMax || !(error instanceof ControlPlaneAway) || bounds.signal.aborted) throw error;
      }
      await sleep(retryMs * tries, undefined, { signal: bounds.signal });
    }
  }

  private async askOnce(path: string, request: RequestInit, { signal, maxBytes }: Bounds): Promise<Answer> {
    const { url, nodeToken, timeoutMs } = this.options;
    let answer: Answer;
    try {
      const response = await fetch(new URL(path, url), {
        ...request,
        headers: { ...request.headers, authorization: `Bearer ${nodeToken.reveal()}` },
        redirect: 'error',
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      });
      answer = { status: response.status, body: await boundedBody(response, maxBytes) };
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof BodyTooLarge) throw cause;
      throw new ControlPlaneAway('does not answer', { cause });
    }
    // A token that is refused is cured by an operator, and then the build goes on.
    if (answer.status === 401 || answer.status === 403)
      throw new ControlPlaneAway(`refuses the node token (${answer.status}): set TORII_NODE_TOKEN as it has it`);
    if (answer.status === 429 || answer.status >= 500) throw new ControlPlaneAway(`answered ${answer.status}`);
    return answer;
  }
}

interface Bounds {
  readonly signal: AbortSignal;
  readonly maxBytes: number;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Undefined for what is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
