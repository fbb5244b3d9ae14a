import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

const readyTimeoutMs = 30_000;

/** A server in a process of its own. What it writes on standard output goes nowhere, its errors to ours. */
export class ServerProcess {
  constructor({ name, command, args, env = {}, cwd }) {
    this.name = name;
    // Nothing of our own environment: settings of the shell are no part of a measurement.
    const environment = { PATH: process.env.PATH, NODE_NO_WARNINGS: '1', ...env };
    this.child = spawn(command, args, { cwd, env: environment, stdio: ['ignore', 'ignore', 'inherit'] });
    this.ended = once(this.child, 'exit');
  }

  get pid() {
    return this.child.pid;
  }

  /** Resolves once `url` answers, with any status that `accepts` takes. */
  async answersAt(url, accepts = () => true) {
    const endsAt = performance.now() + readyTimeoutMs;
    for (;;) {
      if (this.child.exitCode !== null) throw new Error(`${this.name} ended with ${this.child.exitCode}`);
      const status = await fetch(url).then(
        (response) => response.status,
        () => undefined,
      );
      if (status !== undefined && accepts(status)) return;
      if (performance.now() > endsAt) throw new Error(`${this.name} did not answer at ${url} within ${readyTimeoutMs} ms`);
      await delay(50);
    }
  }

  async stop() {
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 15_000);
    await this.ended;
    clearTimeout(timer);
  }
}
