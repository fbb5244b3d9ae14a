import { fork } from 'node:child_process';
import { once } from 'node:events';

/** A process that sends requests; one job at a time. */
export class LoadProcess {
  constructor() {
    this.child = fork(new URL('load-process.mjs', import.meta.url), { stdio: 'inherit' });
  }

  /** Resolves with `requests` that were answered with 200, `failures` (other statuses and how often), `elapsedMs`, `p50Ms` and `p99Ms`. */
  async run(job) {
    this.child.send(job);
    const [result] = await once(this.child, 'message');
    if (result.error !== undefined) throw new Error(result.error);
    return result;
  }

  stop() {
    this.child.kill();
  }
}
