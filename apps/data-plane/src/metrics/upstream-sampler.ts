import { type Meter, set } from './meter.js';

/** A target of an upstream, as a route has it. */
export interface SampledPeer {
  readonly url: string;
  readonly inFlight: number;
  readonly pool: { readonly busy: number };
  isUsable(nowMs: number): boolean;
}

interface Sum {
  inFlight: number;
  isDown: boolean;
  readonly pools: Set<SampledPeer['pool']>;
}

/** Shows what a thread has to do with the targets of its upstreams now. */
export class UpstreamSampler {
  peers: () => Iterable<SampledPeer> = () => [];
  /** Rows that were shown to have something. */
  private shown: readonly number[] = [];

  constructor(private readonly meter: Meter) {}

  /** `rows` are where each is counted, by its URL. */
  sample(rows: ReadonlyMap<string, number>): void {
    const nowMs = performance.now();
    const sums = new Map<number, Sum>(this.shown.map((row) => [row, newSum()]));
    for (const peer of this.peers()) {
      const row = rows.get(peer.url) ?? this.meter.upstreamOthersRow;
      const sum = sums.get(row) ?? newSum();
      sums.set(row, sum);
      sum.inFlight += peer.inFlight;
      sum.isDown ||= !peer.isUsable(nowMs);
      sum.pools.add(peer.pool);
    }
    this.shown = [...sums.keys()];
    for (const [row, { inFlight, isDown, pools }] of sums) {
      const cells = this.meter.upstream(row);
      set(cells, 'upstream', 'torii_upstream_in_flight', inFlight);
      set(
        cells,
        'upstream',
        'torii_upstream_connections',
        [...pools].reduce((busy, pool) => busy + pool.busy, 0),
      );
      set(cells, 'upstream', 'torii_upstream_down', isDown ? 1 : 0);
    }
  }
}

function newSum(): Sum {
  return { inFlight: 0, isDown: false, pools: new Set() };
}
