import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

interface Order {
  /** To the request that came last. */
  lastAnswer?: ServerResponse;
  /** What comes from now on is nobody's. */
  isOver?: boolean;
  /** Requests that came before an earlier one was answered, and are not answered themselves. */
  waiting: number;
}

const order = Symbol('of requests and answers');
type Ordered = Socket & { [order]?: Order };

const signIntervalMs = 200;

/** How long a client may take to read why it was refused; it may still be sending. */
const lingerMs = 2_000;

/**
 * Requests on one connection that may wait for their answers at once (RFC 9112 section 9.3.2). All that come in one read are begun in
 * one turn of the thread, so that a few packets full of them would hold it up.
 */
const waitingMax = 100;

/** Notes that this is the answer to the latest request on its connection; false when too many are due, and the connection is to be closed. */
export function expectAnswer(socket: Socket, answer: ServerResponse): boolean {
  const connection = orderOf(socket);
  const { lastAnswer } = connection;
  connection.lastAnswer = answer;
  if (lastAnswer === undefined || lastAnswer.writableFinished) return true;
  if (connection.waiting >= waitingMax) return false;
  connection.waiting += 1;
  answer.once('close', () => {
    connection.waiting -= 1;
  });
  return true;
}

/** Whether a request on it is not answered to its end. */
export function isAnswering(socket: Socket): boolean {
  const { lastAnswer } = orderOf(socket);
  return lastAnswer !== undefined && !lastAnswer.writableFinished;
}

/** Says that no request is taken after those that have come: an answer tells the client so (RFC 9112 section 9.6), or will. */
export function takeNoMore(socket: Socket): void {
  orderOf(socket).isOver = true;
}

export function takesNoMore(socket: Socket): boolean {
  return orderOf(socket).isOver === true;
}

/** Whether no answer is to follow this one, which has to say so: node ends the connection behind the first that does. */
export function isLastAnswer(socket: Socket, answer: ServerResponse): boolean {
  const { isOver, lastAnswer } = orderOf(socket);
  return isOver === true && (lastAnswer === undefined || lastAnswer === answer);
}

/**
 * Ends a connection because of bytes that are no request, with `refusal` where it will be taken for the answer to them and not to an
 * earlier request: those are answered first. An answer in the middle of which the request breaks is broken off. Further calls for the
 * same connection do nothing.
 */
export function refuseRest(socket: Socket, refusal: string): void {
  if (takesNoMore(socket)) return;
  takeNoMore(socket);
  const { lastAnswer } = orderOf(socket);
  if (lastAnswer === undefined || lastAnswer.writableFinished) endWith(socket, refusal);
  else if (lastAnswer.req.complete) lastAnswer.once('finish', () => endWith(socket, refusal));
  // It is a body that broke.
  else if (lastAnswer.socket === socket) endBefore(lastAnswer, socket, refusal);
  else lastAnswer.once('socket', () => endBefore(lastAnswer, socket, refusal));
}

function endBefore(answer: ServerResponse, socket: Socket, refusal: string): void {
  if (answer.headersSent) socket.destroy();
  else endWith(socket, refusal);
}

/**
 * To be called when a client sends no more. One that waits for the head of an answer may still want it; whether it is there at all
 * shows when something is sent: to one that has gone that breaks the connection. One that goes in the middle of an answer has gone.
 */
export function askWhetherGone(socket: Socket): void {
  const { lastAnswer } = orderOf(socket);
  if (lastAnswer === undefined || lastAnswer.writableEnded || lastAnswer.socket !== socket) return;
  if (lastAnswer.headersSent) socket.destroy();
  // HTTP/1.0 has no interim answers (RFC 9110 section 15.2).
  else if (lastAnswer.req.httpVersion === '1.1') sendSigns(lastAnswer);
}

/** The first sign has the client's system say that nobody is there, which is seen when the next is sent. */
function sendSigns(answer: ServerResponse): void {
  answer.writeProcessing();
  const timer = setInterval(() => {
    if (answer.headersSent) clearInterval(timer);
    else answer.writeProcessing();
  }, signIntervalMs);
  timer.unref();
  answer.once('close', () => clearInterval(timer));
}

function endWith(socket: Socket, bytes: string): void {
  if (!socket.writable) return;
  socket.end(bytes);
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}

function orderOf(socket: Socket): Order {
  const ordered: Ordered = socket;
  ordered[order] ??= { waiting: 0 };
  return ordered[order];
}
