import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Secret } from '@torii/service-kit';

export interface InternalCall {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  /** JSON. */
  readonly body?: string;
  readonly nodeToken: Secret;
  /** For all of it. */
  readonly timeoutMs: number;
  /** A longer answer fails. */
  readonly answerMaxBytes: number;
}

export interface InternalAnswer {
  readonly status: number;
  readonly text: string;
}

/** The other side cannot have heard of the call. */
export class NotReached extends Error {
  constructor(cause: unknown) {
    super('no connection', { cause });
    this.name = 'NotReached';
  }
}

/** The other side may have done what it was asked, and did not say so. */
export class NoAnswer extends Error {
  constructor(
    cause: unknown,
    /** Whether it had all its time. */
    readonly isLate: boolean,
  ) {
    super(isLate ? 'no answer in time' : 'the connection was broken off', { cause });
    this.name = 'NoAnswer';
  }
}

const connectTimeoutMs = 2_000;

/** Asks the internal port of a node or a builder. Throws `NotReached` and `NoAnswer`, and nothing else. */
export function callInternal({ method, url, body, nodeToken, timeoutMs, answerMaxBytes }: InternalCall): Promise<InternalAnswer> {
  const isTls = url.protocol === 'https:';
  const send = isTls ? httpsRequest : httpRequest;
  const headers = {
    authorization: `Bearer ${nodeToken.reveal()}`,
    ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
  };
  return new Promise((resolve, reject) => {
    let isConnected = false;
    let isLate = false;
    const fail = (cause: unknown): void => {
      clearTimeout(timer);
      clearTimeout(connectTimer);
      reject(isConnected ? new NoAnswer(cause, isLate) : new NotReached(cause));
    };
    // One connection for one call: a kept one may be closed by the other side just as it is used again.
    const request = send(url, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > answerMaxBytes) request.destroy(new Error(`answers more than ${answerMaxBytes} bytes`));
        else chunks.push(chunk);
      });
      response.on('error', fail);
      response.on('end', () => {
        clearTimeout(timer);
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
      });
    });
    const timer = setTimeout(() => {
      isLate = true;
      request.destroy(new Error('timed out'));
    }, timeoutMs);
    const connectTimer = setTimeout(() => request.destroy(new Error('no connection in time')), connectTimeoutMs);
    request.on('socket', (socket) =>
      socket.once(isTls ? 'secureConnect' : 'connect', () => {
        isConnected = true;
        clearTimeout(connectTimer);
      }),
    );
    request.on('error', fail);
    request.end(body);
  });
}

/** The value, or undefined when the text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
