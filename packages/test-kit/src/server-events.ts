import { request } from 'node:http';

interface ReceivedEvent<Data> {
  /** Empty for an event without one. */
  readonly id: string;
  readonly event: string;
  readonly data: Data;
}

/** A client of server-sent events that can be looked at while it listens. */
export class ServerEvents<Data> {
  readonly events: ReceivedEvent<Data>[] = [];
  status = 0;
  /** Whether the server has ended the stream. */
  isEnded = false;
  private text = '';
  private readonly sent;

  constructor(url: string, headers: Record<string, string>, lastEventId?: string) {
    const resume = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    this.sent = request(url, { headers: { ...headers, accept: 'text/event-stream', ...resume }, agent: false }, (response) => {
      this.status = response.statusCode ?? 0;
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => this.take(chunk));
      response.on('close', () => {
        this.isEnded = true;
      });
      response.on('error', () => undefined);
    });
    this.sent.on('error', () => undefined);
    this.sent.end();
  }

  /** What the events of one name hold. */
  named(name: string): Data[] {
    return this.events.flatMap(({ event, data }) => (event === name ? [data] : []));
  }

  close(): void {
    this.sent.destroy();
  }

  private take(chunk: string): void {
    const blocks = (this.text + chunk).split('\n\n');
    this.text = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
      const [id = '', event, data] = ['id', 'event', 'data'].map((name) => fields.get(name));
      if (event !== undefined && data !== undefined) this.events.push({ id, event, data: JSON.parse(data) });
    }
  }
}
