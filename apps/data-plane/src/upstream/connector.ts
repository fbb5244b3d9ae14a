import { lookup } from 'node:dns';
import { isIP, type LookupFunction, connect as netConnect, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { AppError, type UpstreamTls } from '@torii/contracts';
import { isLinkLocal } from './link-local.js';
import { contextTrusting } from './trusted-authorities.js';

export interface ConnectorOptions {
  readonly origin: URL;
  readonly tls: UpstreamTls;
  /** Of the TLS handshake too. */
  readonly connectMs: number;
  readonly allowLinkLocal: boolean;
}

type Connected = (...outcome: [null, Socket] | [Error, null]) => void;

const keepAliveProbeMs = 60_000;
const readBytes = 64 * 1024;

/** Opens connections to one origin, whose name is looked up by the system each time. */
export class Connector {
  private readonly host: string;
  private readonly port: number;
  private readonly isTls: boolean;
  private readonly serverName: string;
  /** Of the last handshake, by which the next is shorter. */
  private session: Buffer | undefined;

  constructor(private readonly options: ConnectorOptions) {
    const { origin, tls } = options;
    this.host = origin.hostname.startsWith('[') ? origin.hostname.slice(1, -1) : origin.hostname;
    this.isTls = origin.protocol === 'https:';
    this.port = origin.port === '' ? (this.isTls ? 443 : 80) : Number(origin.port);
    this.serverName = tls.serverName ?? this.host;
  }

  /**
   * Calls back once, with a socket over which HTTP can be spoken or with the reason why there is none. With `allowHalfOpen` the end of what
   * the other side sends is not the end of what it takes.
   */
  connect(connected: Connected, allowHalfOpen = false): void {
    if (!this.options.allowLinkLocal && isLinkLocal(this.host)) {
      connected(linkLocalRefused(), null);
      return;
    }
    let socket: Socket;
    try {
      socket = this.isTls ? this.openTls(allowHalfOpen) : netConnect({ ...this.addressOptions(), allowHalfOpen });
    } catch (error) {
      connected(error instanceof Error ? error : new Error(String(error)), null);
      return;
    }
    const { connectMs } = this.options;
    const timer = setTimeout(() => {
      socket.destroy(new AppError('upstream.unreachable', { detail: `no connection to the upstream within ${connectMs} ms` }));
    }, connectMs);
    let isSettled = false;
    const settle = (...outcome: Parameters<Connected>): void => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      connected(...outcome);
    };
    socket.once(this.isTls ? 'secureConnect' : 'connect', () => settle(null, socket));
    // Stays: an error after the last request on a connection is nobody's.
    socket.on('error', (error) => settle(error, null));
    socket.once('close', () => settle(new Error('the connection was closed before it was open'), null));
  }

  private openTls(allowHalfOpen: boolean): Socket {
    const { verify, caPem } = this.options.tls;
    const options = {
      ...this.addressOptions(),
      allowHalfOpen,
      ...(isIP(this.serverName) === 0 ? { servername: this.serverName } : {}),
      rejectUnauthorized: verify,
      ALPNProtocols: ['http/1.1'],
      ...(caPem === undefined ? {} : { secureContext: contextTrusting(caPem) }),
      ...(this.session === undefined ? {} : { session: this.session }),
    };
    const socket = tlsConnect(options);
    socket.on('session', (session) => {
      this.session = session;
    });
    return socket;
  }

  private addressOptions() {
    return {
      host: this.host,
      port: this.port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveProbeMs,
      highWaterMark: readBytes,
      lookup: this.options.allowLinkLocal ? lookup : guardedLookup,
    };
  }
}

/** One bad address spoils the name: which of them gets connected is not ours to choose. */
const guardedLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    const [first] = addresses ?? [];
    if (error !== null || first === undefined) callback(error ?? new Error(`no address for ${hostname}`), []);
    else if (addresses.some(({ address }) => isLinkLocal(address))) callback(linkLocalRefused(), []);
    else if (options.all === true) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

function linkLocalRefused(): AppError {
  return new AppError('upstream.unreachable', { detail: 'the upstream has a link-local address, and this node does not connect to these' });
}
