import { createServer, type Server } from 'node:http';

interface AnyValue {
  readonly stringValue?: string;
  readonly intValue?: string | number;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
}

interface KeyValue {
  readonly key: string;
  readonly value: AnyValue;
}

/** `ExportTraceServiceRequest` as OTLP has it in JSON (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): ids in hex. */
interface ExportedTraces {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly traceId: string;
        readonly spanId: string;
        readonly parentSpanId?: string;
        readonly name: string;
        readonly kind: number;
        readonly startTimeUnixNano: string;
        readonly endTimeUnixNano: string;
        readonly attributes: readonly KeyValue[];
        readonly status: { readonly code?: number };
      }[];
    }[];
  }[];
}

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly isError: boolean;
  readonly attributes: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly resource: Readonly<Record<string, string | number | boolean | undefined>>;
}

const errorStatus = 2;

/** A collector that takes OTLP traces by HTTP, and keeps their spans. */
export class OtlpReceiver {
  readonly spans: ReceivedSpan[] = [];
  /** What it answers. */
  status = 200;
  requests = 0;
  readonly authorizations: (string | undefined)[] = [];
  private held: PromiseWithResolvers<void> | undefined;
  private server: Server | undefined;
  private port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** On the port it had before, if it had one. */
  async start(): Promise<void> {
    const server = createServer((req, res) => {
      const pieces: Buffer[] = [];
      req.on('data', (piece: Buffer) => pieces.push(piece));
      req.on('end', async () => {
        this.requests += 1;
        this.authorizations.push(req.headers.authorization);
        if (this.status === 200 && req.method === 'POST' && req.url === '/v1/traces') this.take(JSON.parse(Buffer.concat(pieces).toString()));
        await this.held?.promise;
        res.writeHead(this.status, { 'content-type': 'application/json' }).end('{}');
      });
    });
    this.server = server;
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    const address = server.address();
    this.port = typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Takes what comes, and answers nothing until it is let go on. */
  hold(): void {
    this.held = Promise.withResolvers();
  }

  goOn(): void {
    this.held?.resolve();
    this.held = undefined;
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  named(name: string): ReceivedSpan[] {
    return this.spans.filter((span) => span.name === name);
  }

  /** The one whose parent is that span, of that name. */
  childOf(parent: ReceivedSpan, name: string): ReceivedSpan {
    const children = this.spans.filter(({ parentSpanId, traceId }) => parentSpanId === parent.spanId && traceId === parent.traceId);
    const found = children.find((span) => span.name === name);
    if (found === undefined) throw new Error(`${parent.name} has no child ${name}, only ${children.map((child) => child.name).join(', ')}`);
    return found;
  }

  private take({ resourceSpans }: ExportedTraces): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      for (const span of scopeSpans.flatMap(({ spans }) => spans)) {
        const { traceId, spanId, parentSpanId, name, kind } = span;
        this.spans.push({
          traceId,
          spanId,
          parentSpanId,
          name,
          kind,
          startNs: BigInt(span.startTimeUnixNano),
          endNs: BigInt(span.endTimeUnixNano),
          isError: span.status.code === errorStatus,
          attributes: valuesOf(span.attributes),
          resource: valuesOf(resource.attributes),
        });
      }
    }
  }
}

function valuesOf(attributes: readonly KeyValue[]): ReceivedSpan['attributes'] {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? value.boolValue ?? value.doubleValue ?? (value.intValue === undefined ? undefined : Number(value.intValue)),
    ]),
  );
}
