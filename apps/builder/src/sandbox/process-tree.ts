import { readdir, readFile } from 'node:fs/promises';

export interface TreeUse {
  readonly processes: number;
  /** Memory that they hold now, shared pages counted in each. */
  readonly residentBytes: number;
}

const kibiBytes = 1024;

/**
 * What the descendants of a process use. Answers nothing used where there is no Linux /proc.
 *
 * A process whose parent ended belongs to the first process of its namespace, which descends from ours: none gets lost.
 */
export async function useOfDescendants(rootPid: number): Promise<TreeUse> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const children = new Map<number, ProcessEntry[]>();
  for (const entry of await Promise.all(pids.map(readProcess))) {
    if (entry === undefined) continue;
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

/** proc_pid_status(5). A process on its way out has no memory line any more. */
async function readProcess(pid: string): Promise<ProcessEntry | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => undefined);
  const parentPid = /^PPid:\s+(\d+)/m.exec(status ?? '')?.[1];
  if (status === undefined || parentPid === undefined) return undefined;
  const residentKibi = /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? '0';
  return { pid: Number(pid), parentPid: Number(parentPid), residentBytes: Number(residentKibi) * kibiBytes };
}
