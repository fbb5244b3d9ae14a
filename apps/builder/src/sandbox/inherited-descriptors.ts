import { readdir, readFile } from 'node:fs/promises';

const standard = 3;
/** O_CLOEXEC of Linux. */
const closedOnExec = 0o2000000;

/**
 * Open files that a process got from whoever started it and would give to all that it starts, beside the standard ones, in
 * ascending order: what Node opens itself is closed there. None where there is no Linux /proc.
 */
export async function inheritedDescriptors(pid: number): Promise<number[]> {
  const names = await readdir(`/proc/${pid}/fdinfo`).catch(() => []);
  const found: number[] = [];
  for (const number of names.map(Number)) {
    if (number < standard) continue;
    const text = await readFile(`/proc/${pid}/fdinfo/${number}`, 'latin1').catch(() => undefined);
    const flags = /^flags:\s+([0-7]+)/m.exec(text ?? '')?.[1];
    if (flags !== undefined && (Number.parseInt(flags, 8) & closedOnExec) === 0) found.push(number);
  }
  return found.sort((a, b) => a - b);
}
