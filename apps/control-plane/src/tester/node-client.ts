import { AppError, type ErrorCode, errorTable, type FieldIssue, type NodeStatus, Report, TesterAnswer, type Trial } from '@torii/contracts';
import type { Secret } from '@torii/service-kit';
import { z } from 'zod';
import { callInternal, type InternalAnswer, type InternalCall, NoAnswer, parseJson } from '../platform/internal-call.js';

/** More than any report with its response. */
const answerMaxBytes = 64 * 1024 * 1024;
const reportTimeoutMs = 10_000;
/** What a node may take beyond the time of the request: it may fetch and prepare the modules of a draft, and wait its turn. */
const marginMs = 10_000;
const draftMarginMs = 120_000;

/** What an error of a node looks like. */
const NodeProblem = z.object({ code: z.string(), detail: z.string().optional(), title: z.string() });

/** Has a node try a request. Throws `NotReached`, what the node answers as an error, and `platform.node_silent`. */
export async function tryOnNode(node: NodeStatus, trial: Trial, nodeToken: Secret): Promise<TesterAnswer> {
  const url = new URL('/internal/tester', node.internalUrl);
  const timeoutMs = trial.timeoutMs + (trial.draft === undefined ? marginMs : draftMarginMs);
  const answer = await ask(node, { method: 'POST', url, body: JSON.stringify(trial), nodeToken, timeoutMs, answerMaxBytes });
  return read(node, answer, TesterAnswer);
}

/** The report of that id. Throws `client.not_found` when the node does not have it, and the same as `tryOnNode`. */
export async function reportOnNode(node: NodeStatus, id: string, nodeToken: Secret): Promise<Report> {
  const url = new URL(`/internal/reports/${id}`, node.internalUrl);
  return read(node, await ask(node, { method: 'GET', url, nodeToken, timeoutMs: reportTimeoutMs, answerMaxBytes }), Report);
}

async function ask(node: NodeStatus, call: InternalCall): Promise<InternalAnswer> {
  try {
    return await callInternal(call);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    const how = error.isLate ? `did not answer within ${call.timeoutMs} ms` : 'broke the connection off before it answered';
    throw new AppError('platform.node_silent', { detail: `node ${node.id} ${how}`, cause: error });
  }
}

function read<Schema extends z.ZodType>(node: NodeStatus, { status, text }: InternalAnswer, schema: Schema): z.infer<Schema> {
  const value = parseJson(text);
  if (status === 200) {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
  }
  const problem = NodeProblem.safeParse(value);
  if (problem.success && isErrorCode(problem.data.code)) {
    const { code, detail, title } = problem.data;
    throw new AppError(code, { detail: detail ?? title, issues: issuesIn(value) });
  }
  const cause = new Error(`${node.internalUrl}: ${status} ${text.slice(0, 2_000)}`);
  throw new AppError('platform.internal', { detail: `node ${node.id} answered ${status}; is it of another version?`, cause });
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorTable, code);
}

function issuesIn(value: unknown): FieldIssue[] {
  const issues = z.object({ errors: z.array(z.object({ pointer: z.string(), detail: z.string() })) }).safeParse(value);
  return issues.success ? issues.data.errors : [];
}
