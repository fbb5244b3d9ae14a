import { AppError, type MessageDirection } from '@torii/contracts';
import { type Clock, Deadline, type Logger } from '@torii/service-kit';
import type { RequestMeter } from '../metrics/request-meter.js';
import type { WebSocketMessage } from '../pipeline/message-input.js';
import type { MessageSteps, MessageVerdict } from '../pipeline/message-steps.js';
import { type MessageTally, Trace } from '../pipeline/trace.js';
import type { TunnelEnd } from '../upstream/tunnel.js';
import { type CloseFrame, closeCode, closeFrame, closeFrameFor } from './close-frame.js';
import { FrameEnd, type FrameListener, type Room } from './frame-end.js';
import { MessageFlow } from './message-flow.js';

export interface WebSocketLimits {
  /** Of one message of either side, whatever plugins take. */
  readonly messageMaxBytes: number;
  /** Both sides get so long to close the connection, once one has begun to. */
  readonly closeTimeoutMs: number;
}

export interface RelayDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly meter: Pick<RequestMeter, 'countCalls'>;
  readonly bodyBudget: Room;
  /** All plugins together get so long for one message. */
  readonly requestTimeoutMs: number;
  readonly webSockets: WebSocketLimits;
}

export interface RelayedConnection {
  readonly client: TunnelEnd;
  readonly upstream: TunnelEnd;
  readonly steps: MessageSteps;
  /** Nothing for that long closes it. */
  readonly idleMs: number;
  /** Counts what goes over it. */
  readonly tally: MessageTally;
}

type Side = 'client' | 'upstream';

/** How much later than `idleMs` the end of an idle connection may be noticed, as a part of it. */
const idleChecks = 4;

const directionFrom = { client: 'toUpstream', upstream: 'toClient' } as const satisfies Record<Side, MessageDirection>;

/**
 * Carries the messages of a WebSocket through their plugins, in both directions at once, until both sides are closed. Resolves with
 * undefined when one of them or a plugin has closed it, else with why it broke off.
 */
export function relayMessages(connection: RelayedConnection, deps: RelayDeps): Promise<AppError | undefined> {
  return new Promise((resolve) => new MessageRelay(connection, deps, resolve).start());
}

class MessageRelay {
  private readonly ends: Readonly<Record<Side, FrameEnd>>;
  private readonly flows: Readonly<Record<Side, MessageFlow>>;
  /** Of calls under way: nobody waits for what they make of a message any more. */
  private readonly unwanted = new AbortController();
  private readonly idleTimer: NodeJS.Timeout;
  private closeTimer: NodeJS.Timeout | undefined;
  private callsUnderWay = 0;
  private open = 2;
  private isEnding = false;
  private failure: AppError | undefined;

  constructor(
    private readonly connection: RelayedConnection,
    private readonly deps: RelayDeps,
    private readonly onOver: (failure: AppError | undefined) => void,
  ) {
    this.ends = { client: this.endOf('client'), upstream: this.endOf('upstream') };
    this.flows = { client: this.flowFrom('client'), upstream: this.flowFrom('upstream') };
    this.idleTimer = this.watchIdle();
  }

  start(): void {
    this.ends.client.start(this.connection.client.head);
    this.ends.upstream.start(this.connection.upstream.head);
  }

  private endOf(side: Side): FrameEnd {
    const { webSockets, bodyBudget: room } = this.deps;
    return new FrameEnd({
      socket: this.connection[side].socket,
      peer: side === 'client' ? 'client' : 'server',
      messageMaxBytes: webSockets.messageMaxBytes,
      room,
      listener: this.listenerTo(side),
    });
  }

  private listenerTo(side: Side): FrameListener {
    return {
      message: (message) => this.flows[side].add(message),
      closing: (frame) => this.endFlow(side, frame),
      broken: (code, detail) => this.broken(side, closeFrame(code, detail)),
      overloaded: () => this.overloaded(),
      gone: () => this.gone(side),
      over: () => this.over(),
    };
  }

  private flowFrom(side: Side): MessageFlow {
    return new MessageFlow({
      carry: (message) => this.carry(side, message),
      pause: () => this.ends[side].pause(),
      resume: () => this.ends[side].resume(),
      room: this.deps.bodyBudget,
      onOverloaded: () => this.overloaded(),
    });
  }

  private async carry(from: Side, message: WebSocketMessage): Promise<void> {
    if (this.isEnding) return;
    const { tally } = this.connection;
    tally[from === 'client' ? 'fromClient' : 'fromUpstream'] += 1;
    let verdict: MessageVerdict;
    try {
      verdict = await this.callPlugins(directionFrom[from], message);
    } catch (error) {
      this.fail(AppError.from(error));
      return;
    }
    if (this.isEnding) return;
    switch (verdict.kind) {
      case 'message':
        await this.ends[other(from)].send(verdict.message);
        break;
      case 'dropped':
        tally.dropped += 1;
        break;
      case 'close': {
        const frame = closeFrame(verdict.code, verdict.reason);
        this.endBoth({ client: frame, upstream: frame });
      }
    }
  }

  private async callPlugins(direction: MessageDirection, message: WebSocketMessage): Promise<MessageVerdict> {
    const { clock, log, requestTimeoutMs, meter } = this.deps;
    const { steps, tally } = this.connection;
    // Each message has a trace of its own: that of the request would grow for as long as the connection lasts.
    const trace = new Trace(clock.nowMs());
    const deadline = Deadline.after(requestTimeoutMs, clock);
    this.callsUnderWay += 1;
    try {
      return await steps.run({ deadline, signal: this.unwanted.signal, trace, log }, direction, message);
    } finally {
      this.callsUnderWay -= 1;
      meter.countCalls(trace);
      tally.count(trace);
    }
  }

  /** Tells the other side, behind the messages that are on their way to it. */
  private endFlow(from: Side, frame: CloseFrame): void {
    this.flows[from].end(() => {
      this.connection.tally.closeCode ??= frame.code;
      this.ends[other(from)].close(frame);
      this.limitClosing();
    });
  }

  private gone(side: Side): void {
    if (this.isEnding) return;
    const { told } = this.ends[side];
    if (told !== undefined) this.endFlow(side, told);
    else if (side === 'client') this.fail(new AppError('client.gone'));
    else this.flows.upstream.end(() => this.fail(new AppError('upstream.reset')));
  }

  private broken(side: Side, frame: CloseFrame): void {
    const detail = `a message of the ${side} is not valid: ${frame.reason}`;
    if (side === 'upstream') this.fail(new AppError('upstream.reset', { detail }), { upstream: frame });
    else {
      const code = frame.code === closeCode.tooLarge ? 'client.body_too_large' : 'client.bad_request';
      this.fail(new AppError(code, { detail }), { client: frame });
    }
  }

  private overloaded(): void {
    this.fail(new AppError('capacity.overloaded', { detail: 'too many messages of WebSockets are in memory' }));
  }

  /** Ends the connection because of an error. Each side is told why, and nothing of what is only the other's matter. */
  private fail(failure: AppError, frames: Partial<Record<Side, CloseFrame>> = {}): void {
    if (this.isEnding) return;
    this.failure = failure;
    const away = closeFrame(closeCode.goingAway, '');
    this.endBoth({ client: frames.client ?? closeFrameFor(failure), upstream: frames.upstream ?? away });
  }

  private endBoth(frames: Record<Side, CloseFrame>): void {
    this.isEnding = true;
    this.connection.tally.closeCode ??= frames.client.code;
    this.unwanted.abort();
    for (const side of ['client', 'upstream'] as const) {
      this.flows[side].stop();
      this.ends[side].close(frames[side]);
      this.ends[side].resume();
    }
    this.limitClosing();
  }

  private limitClosing(): void {
    const { closeTimeoutMs } = this.deps.webSockets;
    this.closeTimer ??= setTimeout(() => {
      // The other is told, behind what is on its way to it, and gets as long again to take that.
      for (const end of Object.values(this.ends)) if (!end.hasClosed) end.destroy();
      this.closeTimer = setTimeout(() => this.destroyBoth(), closeTimeoutMs);
    }, closeTimeoutMs);
  }

  private watchIdle(): NodeJS.Timeout {
    const { idleMs } = this.connection;
    let moved = 0;
    let quietChecks = 0;
    return setInterval(() => {
      const now = this.ends.client.movedBytes + this.ends.upstream.movedBytes;
      quietChecks = now === moved && this.callsUnderWay === 0 ? quietChecks + 1 : 0;
      moved = now;
      if (quietChecks < idleChecks) return;
      this.fail(new AppError('upstream.deadline_exceeded', { detail: `nothing was sent either way for ${idleMs} ms` }));
    }, idleMs / idleChecks);
  }

  private destroyBoth(): void {
    this.ends.client.destroy();
    this.ends.upstream.destroy();
  }

  private over(): void {
    this.open -= 1;
    if (this.open > 0) return;
    this.isEnding = true; // a call that is given up now is no failure of the connection
    clearInterval(this.idleTimer);
    clearTimeout(this.closeTimer);
    this.flows.client.stop();
    this.flows.upstream.stop();
    this.unwanted.abort();
    this.onOver(this.failure);
  }
}

function other(side: Side): Side {
  return side === 'client' ? 'upstream' : 'client';
}
