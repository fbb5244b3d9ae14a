import { randomUUID } from 'node:crypto';
import type { SnapshotPlugin, SnapshotRoute } from '@torii/contracts';
import { TestNode } from '../a-node.js';
import { anUpstreamRoute } from '../an-upstream-route.js';
import { RawConnection } from '../raw-http.js';
import { answersOf, untilClosed } from './answers.js';
import { RecordingUpstream } from './recording-upstream.js';
import type { ReferenceRequest } from './reference-request.js';
import type { ReferenceResponse } from './reference-response.js';

export interface GatewayOptions {
  readonly env?: Record<string, string>;
  /** More than the two that are always there. */
  readonly routes?: (upstreamUrl: string, node: TestNode) => SnapshotRoute[];
  readonly plugins?: readonly SnapshotPlugin[];
}

export interface Exchange {
  readonly statuses: readonly number[];
  readonly answers: readonly ReferenceResponse[];
  /** What came to the upstream. */
  readonly reached: readonly ReferenceRequest[];
  readonly ending: 'ended' | 'broken off';
}

/** Asks for the end of the connection; sent after others, it shows whether they have left it in step. */
export const probe = 'GET /probe HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n';

/** A node in front of a server of bytes: every path is proxied as it is, those under `/host` with the client's own Host. */
export class Gateway {
  readonly node = new TestNode();
  readonly upstream = new RecordingUpstream();
  private logs: readonly string[] = [];

  async start({ env = {}, routes, plugins = [] }: GatewayOptions = {}): Promise<void> {
    const url = await this.upstream.start();
    await this.node.start({ TORII_ACCESS_LOG_SAMPLE: '0', ...env });
    const kept = { stripPath: false };
    await this.node.apply(
      [...plugins],
      [anUpstreamRoute('/', [url], {}, kept), anUpstreamRoute('/host', [url], { preserveHost: true }, kept), ...(routes?.(url, this.node) ?? [])],
    );
  }

  async stop(): Promise<void> {
    this.logs = this.node.node.logs;
    await this.node.stop();
    await this.upstream.stop();
  }

  /** What the node says of threads that were lost. */
  failures(): string[] {
    return this.logs.filter((line) => line.includes('data thread'));
  }

  connect(): RawConnection {
    return new RawConnection(this.node.proxyUrl);
  }

  /** Sends bytes over a connection of their own until the gateway closes it. */
  async exchange(bytes: string, methods: readonly string[] = []): Promise<Exchange> {
    const before = this.upstream.requests.length;
    const connection = this.connect().send(bytes);
    try {
      const ending = await untilClosed(connection);
      const answers = answersOf(connection, methods);
      return { statuses: answers.map(({ status }) => status), answers, reached: await this.reachedSince(before), ending };
    } finally {
      connection.socket.destroy();
    }
  }

  /** What came to the upstream after the first `count` requests. A last one of ours makes sure that none is on its way. */
  async reachedSince(count: number): Promise<ReferenceRequest[]> {
    const marker = `/marker-${randomUUID()}`;
    const connection = this.connect().send(`GET ${marker} HTTP/1.1\r\nHost: marker\r\nConnection: close\r\n\r\n`);
    await untilClosed(connection);
    connection.socket.destroy();
    return this.upstream.requests.slice(count).filter(({ target }) => target !== marker);
  }
}
