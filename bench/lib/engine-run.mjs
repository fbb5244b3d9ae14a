import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startCases } from './cases.mjs';
import { LoadProcess } from './load.mjs';
import { cpuUsOf } from './process-cpu.mjs';

/** V8 optimises what has run some ten thousand times. */
const warmUpMs = 4_000;

/**
 * Starts every server, warms each up, and measures them in interleaved rounds. Resolves with the `cases`, each with its
 * `rounds`, the bare server first, and with those that were `skipped` and why.
 *
 * With `rate` all servers get the same requests per second, else as many as they take.
 *
 * `only` keeps the cases whose name has it, and the bare server, which `start` has first.
 */
export async function runEngine({ rounds, seconds, connections, threads, rate, only = '' }, start = startCases) {
  const directory = mkdtempSync(path.join(tmpdir(), 'torii-bench-'));
  const load = new LoadProcess();
  try {
    const started = await start(directory, { threads });
    try {
      for (const { name, reason } of started.skipped) console.log(`skipped: ${name}: ${reason}`);
      const chosen = started.cases.filter(({ name }, index) => index === 0 || name.includes(only));
      const cases = chosen.map((one) => ({ ...one, rounds: [] }));
      const warmUp = { connections, durationMs: warmUpMs };
      const job = { connections, durationMs: seconds * 1_000, ...(rate === undefined ? {} : { rate }) };
      for (const one of cases) await measure(load, one, warmUp);
      for (let round = 0; round < rounds; round += 1) {
        for (const one of cases) one.rounds.push(await measure(load, one, job));
      }
      return { cases, skipped: started.skipped };
    } finally {
      await started.stop();
    }
  } finally {
    load.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measure(load, { name, pid, port, host, path: requestPath }, job) {
  const before = cpuUsOf(pid);
  const { requests, failures, elapsedMs, p50Ms, p99Ms } = await load.run({ port, host, path: requestPath, ...job });
  const after = cpuUsOf(pid);
  for (const [status, count] of Object.entries(failures)) console.log(`${name}: ${count} requests were answered ${status}`);
  if (requests === 0) throw new Error(`${name}: no request was answered with 200`);
  const cpuUs = before === undefined || after === undefined ? undefined : (after - before) / requests;
  return { rps: (1_000 * requests) / elapsedMs, cpuUs, p50Ms, p99Ms, failures };
}
