import { describe, expect, it } from '@jest/globals';
import { createLogger } from '@torii/service-kit';
import { ConnectionPool } from './connection-pool.js';
import { Peer } from './peer.js';

const ejectMs = 1_000;

function aPeer(failures: number, isDown = false): Peer {
  const pool = new ConnectionPool({
    origin: new URL('http://127.0.0.1:1'),
    tls: { verify: true },
    connectMs: 1,
    connectionsMax: 1,
    queuedMax: 0,
    queueWaitMs: 0,
    allowLinkLocal: false,
  });
  return new Peer({
    spec: { url: 'http://127.0.0.1:1/a//', weight: 1, backup: false },
    passive: { failures, ejectMs },
    pool,
    isDown: () => isDown,
    routeName: 'r',
    log: createLogger({ level: 'silent', app: 'test' }),
  });
}

describe('Peer', () => {
  it('is left out after so many failures in a row, for a while', () => {
    const peer = aPeer(2);
    peer.failed(0, 'upstream.reset');
    expect(peer.isUsable(0)).toBe(true);
    peer.failed(10, 'upstream.reset');
    expect([peer.isUsable(10), peer.isUsable(10 + ejectMs - 1), peer.isUsable(10 + ejectMs)]).toEqual([false, false, true]);
  });

  it('counts failures in a row alone', () => {
    const peer = aPeer(2);
    for (let time = 0; time < 9; time += 1) {
      peer.failed(time, 'upstream.reset');
      peer.answered();
    }
    expect(peer.isUsable(9)).toBe(true);
  });

  it('gets one request when its time is over, and no other before that is answered', () => {
    const peer = aPeer(1);
    peer.failed(0, 'upstream.reset');
    peer.begin(ejectMs);
    expect(peer.isUsable(ejectMs + 1)).toBe(false);
    peer.answered();
    expect(peer.isUsable(ejectMs + 1)).toBe(true);
  });

  it('is never left out when the route says so, unless its checks fail', () => {
    const peer = aPeer(0);
    for (let time = 0; time < 99; time += 1) peer.failed(time, 'upstream.unreachable');
    expect(peer.isUsable(99)).toBe(true);
    expect(aPeer(0, true).isUsable(0)).toBe(false);
  });

  it('has its path without slashes at the end', () => {
    expect(aPeer(0).prefix).toBe('/a');
  });
});
