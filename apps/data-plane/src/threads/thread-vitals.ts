import { ConnectionShare } from '../http/connection-share.js';
import { LoadShedder } from '../http/load-shedder.js';
import { add, Meter, set } from '../metrics/meter.js';
import { MetricMemory } from '../metrics/metric-memory.js';
import { PoolSampler } from '../metrics/pool-sampler.js';
import { RequestMeter } from '../metrics/request-meter.js';
import { type SampledPeer, UpstreamSampler } from '../metrics/upstream-sampler.js';
import type { SpanOutcome } from '../telemetry/span-queue.js';
import type { EgressOutcome } from './counted-egress.js';
import { type BoardRow, ThreadBoard } from './thread-board.js';
import type { ThreadSettings } from './thread-messages.js';
import { ThreadPulse } from './thread-pulse.js';

/** What is looked up twice a second rather than counted. */
export interface ThreadGauges {
  readonly connections: () => number;
  readonly guestBytes: () => number;
}

/** What a data thread knows and tells of its own state: its pulse, its load beside that of the others, its counts. */
export class ThreadVitals {
  readonly row: BoardRow;
  readonly requests: RequestMeter;
  readonly pools: PoolSampler;
  readonly shedder: LoadShedder;
  readonly share: ConnectionShare;
  readonly meter: Meter;
  private readonly upstreams: UpstreamSampler;
  private readonly board: ThreadBoard;

  constructor(settings: Pick<ThreadSettings, 'index' | 'board' | 'metrics' | 'metricsRows' | 'overloadLagMs'>) {
    this.board = new ThreadBoard(settings.board);
    this.row = this.board.of(settings.index);
    this.meter = new Meter(new MetricMemory(settings.metrics, settings.metricsRows), settings.index);
    this.requests = new RequestMeter(this.meter);
    this.pools = new PoolSampler(this.meter);
    this.upstreams = new UpstreamSampler(this.meter);
    this.shedder = new LoadShedder({ lagMs: settings.overloadLagMs });
    this.share = new ConnectionShare({
      publish: (connections) => {
        this.row.load = connections;
      },
      loads: () => this.loads(),
    });
  }

  /** The pulse beats from now on, for as long as the thread lives. */
  start(gauges: ThreadGauges): void {
    new ThreadPulse({
      row: this.row,
      onBeat: (lagMs) => this.shedder.sample(lagMs),
      onWindow: (longestLagMs) => {
        this.share.turn();
        this.pools.sample();
        this.upstreams.sample(this.requests.upstreamRows);
        const { node } = this.meter;
        set(node, 'node', 'torii_event_loop_lag_seconds', longestLagMs / 1000);
        set(node, 'node', 'torii_threads_overloaded', this.shedder.isOverloaded ? 1 : 0);
        set(node, 'node', 'torii_connections', gauges.connections());
        set(node, 'node', 'torii_guest_memory_bytes', gauges.guestBytes());
      },
    });
  }

  /** Where targets are counted from now on, and which there are. */
  countUpstreams(rows: ReadonlyMap<string, number>, peers: () => Iterable<SampledPeer>): void {
    this.requests.upstreamRows = rows;
    this.upstreams.peers = peers;
  }

  countEgress(outcome: EgressOutcome): void {
    add(this.meter.node, 'node', 'torii_egress_calls_total', 1, egressOutcomes[outcome]);
  }

  countKv(isDone: boolean): void {
    add(this.meter.node, 'node', 'torii_kv_operations_total', 1, isDone ? 0 : 1);
  }

  countSpans(outcome: SpanOutcome, count: number): void {
    add(this.meter.node, 'node', 'torii_trace_spans_total', count, spanOutcomes[outcome]);
  }

  private *loads(): Iterable<number> {
    for (let index = 0; index < this.board.threads; index += 1) {
      const row = this.board.of(index);
      if (row.isServing) yield row.load;
    }
  }
}

const spanOutcomes = { exported: 0, failed: 1, dropped: 2 } as const;
const egressOutcomes = { answered: 0, refused: 1, failed: 2 } as const;
