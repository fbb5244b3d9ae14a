import { Agent, get } from 'node:http';
import { quantile } from './stats.mjs';

const everyMs = 5;
const atOnceMax = 64;

/** Asks for one path some two hundred times a second, and keeps how long each answer took. */
export class Prober {
  #agent = new Agent({ keepAlive: true, maxSockets: atOnceMax });
  #waiting = 0;
  #latencies = [];
  #failures = 0;
  #timer;

  constructor({ port, host, path }) {
    this.#timer = setInterval(() => {
      if (this.#waiting < atOnceMax) this.#ask({ port, host: '127.0.0.1', path, headers: { host }, agent: this.#agent });
    }, everyMs);
  }

  /** What was answered since this was last asked for: how often, latencies (ms), and how many answers were not 200. */
  take() {
    const sorted = this.#latencies.splice(0).sort((a, b) => a - b);
    const failures = this.#failures;
    this.#failures = 0;
    return { requests: sorted.length, failures, p50Ms: quantile(sorted, 0.5) ?? 0, p99Ms: quantile(sorted, 0.99) ?? 0, maxMs: sorted.at(-1) ?? 0 };
  }

  stop() {
    clearInterval(this.#timer);
    this.#agent.destroy();
  }

  #ask(options) {
    this.#waiting += 1;
    const sentAtMs = performance.now();
    const end = (isGood) => {
      this.#waiting -= 1;
      if (isGood) this.#latencies.push(performance.now() - sentAtMs);
      else this.#failures += 1;
    };
    get(options, (response) => response.resume().once('end', () => end(response.statusCode === 200))).once('error', () => end(false));
  }
}
