import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second, whatever the kernel's own tick is. */
const tickUs = 10_000;

/** Microseconds that a process, all its threads and all it has started have computed; undefined where there is no /proc. */
export function cpuUsOf(pid) {
  const processes = readProcesses();
  if (processes === undefined) return undefined;
  let ticks = 0;
  const pending = [pid];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    ticks += processes.get(next)?.ticks ?? 0;
    for (const [child, { parent }] of processes) if (parent === next) pending.push(child);
  }
  return ticks * tickUs;
}

/** Resident memory of one process in bytes; undefined where there is no /proc. */
export function residentBytesOf(pid) {
  const kib = readText(`/proc/${pid}/status`)?.match(/^VmRSS:\s+(\d+) kB$/m)?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
}

function readProcesses() {
  const processes = new Map();
  let names;
  try {
    names = readdirSync('/proc');
  } catch {
    return undefined;
  }
  for (const name of names) {
    if (!/^\d+$/.test(name)) continue;
    // The name of the program, in brackets, may hold anything; fields are counted from behind it (proc(5)).
    const fields = readText(`/proc/${name}/stat`)
      ?.replace(/^.*\) /s, '')
      .split(' ');
    if (fields === undefined) continue;
    const [utime, stime, childrenUtime, childrenStime] = fields.slice(11, 15).map(Number);
    processes.set(Number(name), { parent: Number(fields[1]), ticks: utime + stime + childrenUtime + childrenStime });
  }
  return processes;
}

function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
