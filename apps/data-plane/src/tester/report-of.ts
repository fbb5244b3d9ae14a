import { type AppError, type Report, type ReportStep, testerLimits } from '@torii/contracts';
import type { GatewayResponse } from '../pipeline/gateway-request.js';
import type { RecordedCall } from '../pipeline/recorded-call.js';
import type { RecordedSkip, RecordedStage, RecordedStep, Recording } from '../pipeline/recording.js';
import type { RouteExplanation } from '../routing/explain-routes.js';
import type { UpstreamAttempt } from '../upstream/attempt.js';
import { type PluginReport, pluginReport, responseOf } from './plugin-report.js';
import { ReportRoom } from './report-room.js';
import { lengthOf, nanoseconds, Timeline } from './timeline.js';

/** A request that is over, with what there is to say of it beside its steps. */
export interface ReportedRequest {
  readonly id: string;
  readonly recording: Recording;
  readonly stopMs: number;
  readonly request: { readonly id: string; readonly method: string; readonly host: string; readonly path: string };
  readonly route: { readonly id: string; readonly name: string } | undefined;
  readonly routing: RouteExplanation | undefined;
  /** At servers of an upstream. */
  readonly attempts: readonly UpstreamAttempt[];
  readonly status: number;
  readonly error: AppError | undefined;
  /** Where it was served: node, thread, revision and the like. */
  readonly place: Readonly<Record<string, unknown>>;
}

/** In Otoroshi's words, where it has one. */
const tasks = {
  router: 'call-router-plugins',
  route_matcher: 'call-route-matcher-plugins',
  pre_route: 'call-pre-route-plugins',
  access_validator: 'call-access-validator-plugins',
  request_transformer: 'transform-request',
  backend: 'call-backend',
  response_transformer: 'transform-response',
  websocket_transformer: 'transform-messages',
  sink: 'call-sink-plugins',
} as const satisfies Record<RecordedCall['plugin']['kind'], string>;

type PluginStep = RecordedCall | RecordedSkip;

/** The report of a request. Made when it is over, so that the making counts in none of its times. */
export function reportOf(reported: ReportedRequest): Report {
  const { id, recording, stopMs, request, status, error } = reported;
  const { startMs } = recording;
  const timeline = new Timeline(recording.startedAt, startMs);
  const target = targetOf(recording.steps);
  const total = lengthOf(stopMs - startMs);
  const before = (target?.startMs ?? stopMs) - startMs;
  const after = stopMs - (target?.stopMs ?? stopMs);
  const overhead = lengthOf(before + after);
  return {
    id,
    creation: timeline.at(startMs),
    termination: timeline.at(stopMs),
    ...total,
    overhead: overhead.duration,
    overhead_ns: overhead.duration_ns,
    overhead_in: lengthOf(before).duration,
    overhead_in_ns: nanoseconds(before),
    overhead_out: lengthOf(after).duration,
    overhead_out_ns: nanoseconds(after),
    state: error === undefined ? 'Successful' : 'Failed',
    steps: stepsOf(reported, timeline),
    torii: {
      ...reported.place,
      request,
      status,
      error: error === undefined ? null : { code: error.code, owner: error.owner, detail: error.message },
      steps_left_out: recording.stepsLeftOut,
    },
  };
}

function stepsOf(reported: ReportedRequest, timeline: Timeline): ReportStep[] {
  const { recording, stopMs } = reported;
  const steps: ReportStep[] = [];
  const room = new ReportRoom(testerLimits.pluginReportsMaxChars);
  let response: GatewayResponse | undefined;
  for (const group of grouped(recording.steps)) {
    if (group.type === 'stage') {
      steps.push({ task: group.task, ...timeline.span(group.startMs, group.stopMs), ctx: stageContext(group, reported, timeline) });
      continue;
    }
    const plugins: object[] = [];
    for (const one of group.plugins) {
      plugins.push(room.fitted(one.type === 'skip' ? skipReport(one, timeline) : pluginReport(one, timeline, response)));
      if (one.type === 'call') response = responseOf(one) ?? response;
    }
    const [first, last] = [startOf(group.plugins[0]), stopOf(group.plugins.at(-1))];
    const span = timeline.span(first, last);
    const { kind } = group;
    steps.push({ task: tasks[kind], ...span, ctx: { kind: `${kind.replaceAll('_', '-')}-plugins`, size: plugins.length, ...span, plugins } });
  }
  steps.push({ task: 'stream-response', ...timeline.span(lastStopOf(recording), stopMs), ctx: { status: reported.status } });
  return steps;
}

interface PluginGroup {
  readonly type: 'plugins';
  readonly kind: RecordedCall['plugin']['kind'];
  readonly plugins: PluginStep[];
}

/** Calls of one kind that follow each other are one step. */
function grouped(steps: readonly RecordedStep[]): (RecordedStage | PluginGroup)[] {
  const groups: (RecordedStage | PluginGroup)[] = [];
  for (const step of inOrder(steps)) {
    const last = groups.at(-1);
    if (step.type === 'stage') groups.push(step);
    else if (last?.type === 'plugins' && last.kind === step.plugin.kind) last.plugins.push(step);
    else groups.push({ type: 'plugins', kind: step.plugin.kind, plugins: [step] });
  }
  return groups;
}

/** A stage is noted when it ends, a call when it begins. */
function inOrder(steps: readonly RecordedStep[]): RecordedStep[] {
  return [...steps].sort((a, b) => startOf(a) - startOf(b));
}

function stageContext({ task, facts }: RecordedStage, reported: ReportedRequest, timeline: Timeline): Record<string, unknown> {
  const { routing, route, request, attempts } = reported;
  if (task === 'start-handling') return { ...facts, request };
  if (task === 'call-backend') return { ...facts, attempts: attempts.map((attempt) => attemptReport(attempt, timeline)) };
  if (task !== 'find-route') return { ...facts };
  const candidates = (routing?.routes ?? []).map(({ name, lostBy, detail }) => ({ route: name, lost_by: lostBy ?? null, detail }));
  return {
    found_route: route ?? null,
    ...facts,
    matched_routes: candidates.filter(({ lost_by }) => lost_by === null || !misfits.has(lost_by)).map((candidate) => candidate.route),
    candidates,
    candidates_left_out: Math.max(0, (routing?.total ?? 0) - candidates.length),
    lost_by: routing?.lost ?? {},
  };
}

function attemptReport(attempt: UpstreamAttempt, timeline: Timeline): object {
  const { peerUrl, startedAtMs, durationMs, headersMs, isReusedConnection, status, code } = attempt;
  return {
    url: peerUrl,
    ...timeline.span(startedAtMs, startedAtMs + durationMs),
    connect_ns: headersMs === undefined ? null : nanoseconds(durationMs - headersMs),
    headers_ns: headersMs === undefined ? null : nanoseconds(headersMs),
    reused_connection: isReusedConnection ?? null,
    status: status ?? null,
    error: code ?? null,
  };
}

const misfits: ReadonlySet<string> = new Set(['host', 'path', 'condition', 'method']);

function skipReport({ plugin, atMs }: RecordedSkip, timeline: Timeline): PluginReport {
  const { pluginName, pluginVersion, kind } = plugin;
  return {
    plugin: pluginName,
    name: pluginName,
    ...timeline.span(atMs, atMs),
    execution_debug: { in: { ctx: null }, out: { result: { kind: 'excluded' }, ctx: null } },
    torii: { kind, version: pluginVersion, reason: 'the path is not one of those that the slot is for' },
  };
}

/** The call of the target, whatever the target is. */
function targetOf(steps: readonly RecordedStep[]): { readonly startMs: number; readonly stopMs: number } | undefined {
  return steps.find((step): step is RecordedCall | RecordedStage => {
    return step.type === 'stage' ? step.task === 'call-backend' : step.type === 'call' && step.plugin.kind === 'backend';
  });
}

function lastStopOf({ steps, startMs }: Recording): number {
  return steps.reduce((last, step) => Math.max(last, stopOf(step)), startMs);
}

function startOf(step: RecordedStep | undefined): number {
  if (step === undefined) return 0;
  return step.type === 'skip' ? step.atMs : step.startMs;
}

function stopOf(step: RecordedStep | undefined): number {
  if (step === undefined) return 0;
  return step.type === 'skip' ? step.atMs : step.stopMs;
}
