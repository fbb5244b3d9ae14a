import { readdirSync, readFileSync } from 'node:fs';

export interface TreeUse {
  readonly processes: number;
  /** Memory that they hold now, shared pages counted in each. */
  readonly residentBytes: number;
}

const kibiBytes = 1024;

/**
 * What the descendants of a process use. Answers nothing used where there is no Linux /proc. Waits for nothing: the kernel
 * answers at once, and a promise for each process of the machine costs several times as much as what it is for.
 *
 * A process whose parent ended belongs to the first process of its namespace, which descends from ours: none gets lost.
 */
export function useOfDescendants(rootPid: number): TreeUse {
  const children = new Map<number, ProcessEntry[]>();
  for (const entry of processes()) {
    const siblings = children.get(entry.parentPid);
    if (siblings === undefined) children.set(entry.parentPid, [entry]);
    else siblings.push(entry);
  }
  const use = { processes: 0, residentBytes: 0 };
  const waiting = [...(children.get(rootPid) ?? [])];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    use.processes += 1;
    use.residentBytes += next.residentBytes;
    waiting.push(...(children.get(next.pid) ?? []));
  }
  return use;
}

interface ProcessEntry {
  readonly pid: number;
  readonly parentPid: number;
  readonly residentBytes: number;
}

function processes(): ProcessEntry[] {
  try {
    const names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return names.map(readProcess).filter((entry) => entry !== undefined);
  } catch {
    return [];
  }
}

/** proc_pid_status(5). A process on its way out has no memory line any more. */
function readProcess(pid: string): ProcessEntry | undefined {
  const status = statusOf(pid);
  const parentPid = /^PPid:\s+(\d+)/m.exec(status)?.[1];
  if (parentPid === undefined) return undefined;
  const residentKibi = /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? '0';
  return { pid: Number(pid), parentPid: Number(parentPid), residentBytes: Number(residentKibi) * kibiBytes };
}

/** Empty for a process that is gone. */
function statusOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return '';
  }
}
