import { createLogger, systemClock } from '@torii/service-kit';
import { createEgress, type Egress, type EgressOptions, type EgressRequest } from '../src/egress/egress.js';
import { EgressError } from '../src/egress/egress-error.js';

const log = createLogger({ level: 'silent', app: 'test' });

export type Ask = (request: Partial<EgressRequest>) => Promise<string>;

/** Opens egresses for one test and closes them after it. */
export class TestEgress {
  private readonly opened: Egress[] = [];

  /** Answers `status body`, or the code of the error. The private range of the tests' servers is open unless told otherwise. */
  open(options: Partial<EgressOptions> & Pick<EgressOptions, 'dnsServers'>, defaults: Partial<EgressRequest>): Ask {
    const egress = createEgress(
      {
        privateCidrs: ['127.0.0.1/32'],
        overrides: new Map(),
        // Tests count what the name server is asked: a try that comes late is to be no second one.
        dnsFirstTryMs: 30_000,
        connectTimeoutMs: 30_000,
        requestTimeoutMs: 30_000,
        ...options,
      },
      { clock: systemClock, log },
    );
    this.opened.push(egress);
    return async (request) => {
      const asked = { ...requestDefaults, ...defaults, ...request };
      try {
        const { status, body } = await egress.request(asked);
        return `${status} ${Buffer.from(body).toString('latin1')}`;
      } catch (error) {
        if (error instanceof EgressError) return error.code;
        throw error;
      }
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.opened.splice(0).map((egress) => egress.close()));
  }
}

const requestDefaults = {
  pluginId: 'pl_test',
  url: 'http://api.test/',
  method: 'GET',
  headers: {},
  allowedHosts: [],
  allowPrivate: true,
  followRedirects: true,
  timeoutMs: 30_000,
  signal: new AbortController().signal,
} satisfies EgressRequest;
