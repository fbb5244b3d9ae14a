import { spawn } from 'node:child_process';
import { checkout, UserError } from './checkout.mjs';

const refreshIntervalMs = 200;
const reminderIntervalMs = 10_000;
const tailLines = 25;
const outputMaxBytes = 1024 * 1024;
const isVerbose = process.env.TORII_VERBOSE === '1';
const isTerminal = process.stdout.isTTY === true && !isVerbose;

/** What is under way: title -> { startMs, last } */
const active = new Map();
let timer;
/** Programs that run, each with its children in a process group of its own. */
const programs = new Set();

/**
 * Does a piece of work, shows that it is under way, and prints one line with its time when it is done.
 *
 * @template Result
 * @param {string} title
 * @param {(say: (text: string) => void) => Promise<Result>} work may say what it is at
 * @returns {Promise<Result>}
 */
export async function step(title, work) {
  const entry = { startMs: performance.now(), last: '' };
  active.set(title, entry);
  timer ??= setInterval(showStatus, isTerminal ? refreshIntervalMs : reminderIntervalMs);
  try {
    const result = await work((text) => {
      entry.last = text;
    });
    finish(title);
    print(`  ${title.padEnd(10)} ${seconds(entry.startMs)}`);
    return result;
  } catch (error) {
    finish(title);
    throw error;
  }
}

/** Prints a line without mixing it with the status. */
export function print(line) {
  clearStatus();
  console.log(line);
  if (isTerminal && active.size > 0) showStatus();
}

export function seconds(startMs) {
  return `${((performance.now() - startMs) / 1000).toFixed(1)} s`;
}

/**
 * Runs a program and resolves with its output.
 *
 * @param {string} title of the step it belongs to, for the error
 * @param {readonly string[]} command
 * @param {{ env?: Record<string, string>, say?: (text: string) => void, explain?: (output: string) => string | undefined }} [options]
 *   `explain` turns known output of a failure into what to do about it
 * @throws {UserError} when it fails, with what `explain` says or else its last lines
 */
export function runProgram(title, command, { env = {}, say = () => {}, explain = () => undefined } = {}) {
  return new Promise((resolve, reject) => {
    const [program, ...args] = command;
    const child = spawn(program, args, { cwd: checkout, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    programs.add(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output = (output + text).slice(-outputMaxBytes);
        const last = text.trim().split('\n').at(-1);
        if (last) say(last.trim());
        if (isVerbose) process.stdout.write(text);
      });
    }
    child.once('error', (error) => reject(new UserError(`${title} failed: ${error.message}`)));
    child.once('close', (code, signal) => {
      programs.delete(child);
      if (code === 0) return resolve(output);
      const words = explain(output);
      if (words !== undefined) return reject(new UserError(words));
      const tail = output.trim().split('\n').slice(-tailLines).join('\n');
      reject(new UserError(`${title} failed (${signal ?? `exit ${code}`}): ${command.join(' ')}\n${tail}`));
    });
  });
}

/** Ends what `runProgram` still runs, children included. */
export function stopPrograms() {
  for (const child of programs) {
    try {
      process.kill(-child.pid, 'SIGTERM');
    } catch {
      // It has just ended.
    }
  }
}

function finish(title) {
  active.delete(title);
  if (active.size > 0) return;
  clearInterval(timer);
  timer = undefined;
  clearStatus();
}

function showStatus() {
  const parts = [...active].map(([title, { startMs, last }]) => `${title} ${seconds(startMs)}${last === '' ? '' : `: ${last}`}`);
  const line = `  ${parts.join(' | ')}`;
  if (!isTerminal) return console.log(`${line.slice(0, 160)} ...`);
  process.stdout.write(`\r\x1b[K${line.slice(0, (process.stdout.columns ?? 80) - 1)}`);
}

function clearStatus() {
  if (isTerminal) process.stdout.write('\r\x1b[K');
}
