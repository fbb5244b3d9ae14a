import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppLog, readLine } from './app-log.mjs';
import { UserError } from './checkout.mjs';

const startTimeoutMs = 60_000;
const stopTimeoutMs = 20_000;
const restartDelaysMs = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000];
/** After this long a crash counts as the first again. */
const settledAfterMs = 60_000;
const lastWordsMax = 8;

/** One of the apps as a child process: started again when it dies, stopped in good order, its output in a file. */
export class AppProcess {
  /**
   * @param {{ name: string, command: readonly string[], cwd: string, env: Record<string, string>, logFile: string,
   *   isReady: (entry: Record<string, unknown> | undefined, line: string) => boolean, say: (text: string) => void }} options
   */
  constructor(options) {
    this.options = options;
    this.log = new AppLog(options.logFile, (line) => this.onLine(line));
    this.failures = 0;
    this.isStopping = false;
    this.lastWords = [];
    this.readyLine = undefined;
  }

  /**
   * Resolves with the line by which it said that it is ready.
   *
   * @throws {UserError} with its last words when it ends before that, or is silent for a minute
   */
  async start() {
    this.spawnOnce();
    const outcome = await Promise.race([this.ready, this.ended, sleep(startTimeoutMs, 'timeout', { ref: false })]);
    if (outcome === 'ready') {
      this.keepAlive();
      return this.readyLine;
    }
    const how = outcome === 'timeout' ? `is not ready after ${startTimeoutMs / 1000} s` : outcome;
    this.kill();
    const words = this.lastWords.length === 0 ? `see ${this.options.logFile}` : this.lastWords.join('\n  ');
    throw new UserError(`${this.options.name} ${how}: ${words}`);
  }

  spawnOnce() {
    const { command, cwd, env } = this.options;
    const [program, ...args] = command;
    this.lastWords = [];
    this.startedMs = performance.now();
    this.ready = new Promise((resolve) => {
      this.markReady = () => resolve('ready');
    });
    // In a process group of its own, so that Ctrl-C reaches us alone and we choose the order in which they stop. The
    // channel is how it learns that we are gone, whatever ended us.
    this.child = spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    this.log.follow(this.child.stdout);
    this.log.follow(this.child.stderr);
    this.ended = new Promise((resolve) => {
      this.child.once('error', (error) => resolve(`cannot be started (${error.message})`));
      this.child.once('close', (code, signal) => resolve(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`));
    });
    this.hasEnded = false;
    void this.ended.then(() => {
      this.hasEnded = true;
    });
  }

  onLine(line) {
    const { text, entry } = readLine(line);
    if (text !== undefined) {
      this.lastWords = [...this.lastWords, text].slice(-lastWordsMax);
      if (this.isShowing && !this.options.isReady(entry, line)) this.options.say(`${this.options.name}: ${text}`);
    }
    if (this.options.isReady(entry, line)) {
      this.readyLine = { line, entry };
      this.isShowing = true;
      this.markReady();
    }
  }

  keepAlive() {
    void this.ended.then(async (how) => {
      if (this.isStopping) return;
      if (performance.now() - this.startedMs > settledAfterMs) this.failures = 0;
      const delayMs = restartDelaysMs[Math.min(this.failures, restartDelaysMs.length - 1)];
      this.failures++;
      this.options.say(`${this.options.name} ${how}; it is started again in ${delayMs / 1000} s`);
      await sleep(delayMs);
      if (this.isStopping) return;
      this.spawnOnce();
      void this.ready.then(() => this.options.say(`${this.options.name} runs again`));
      this.keepAlive();
    });
  }

  /** Resolves when it has ended; killed when it takes longer than 20 s. */
  async stop() {
    this.isStopping = true;
    if (this.child === undefined || this.hasEnded) return;
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.kill(), stopTimeoutMs);
    await this.ended;
    clearTimeout(timer);
  }

  kill() {
    this.isStopping = true;
    if (this.child !== undefined && !this.hasEnded) this.child.kill('SIGKILL');
  }
}
