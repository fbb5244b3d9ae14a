import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Reads the profiles of a process's threads and answers the one that was busiest: microseconds by function, `self` in the
 * function alone and `total` with what it called, over the last half of the time, when everything is warm.
 */
export function busiestThread(directory) {
  const profiles = readdirSync(directory).map((file) => summed(JSON.parse(readFileSync(path.join(directory, file), 'utf8'))));
  return profiles.sort((a, b) => b.busyUs - a.busyUs)[0];
}

function summed({ nodes, samples, timeDeltas, startTime, endTime }) {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const self = new Map();
  const total = new Map();
  const warmAt = (startTime + endTime) / 2;
  let busyUs = 0;
  let at = startTime;
  for (const [index, id] of samples.entries()) {
    const us = timeDeltas[index];
    at += us;
    if (at < warmAt || names.get(id) === '(idle)') continue;
    busyUs += us;
    add(self, names.get(id), us);
    const stack = new Set();
    for (let one = id; one !== undefined; one = parents.get(one)) stack.add(names.get(one));
    for (const name of stack) add(total, name, us);
  }
  return { busyUs, self: sorted(self), total: sorted(total) };
}

function nameOf({ functionName, url, lineNumber }) {
  const file = url.replace(/^.*\/(apps|packages|node_modules)\//, '$1/');
  return file === '' ? functionName || '(anonymous)' : `${functionName || '(anonymous)'} ${file}:${lineNumber + 1}`;
}

function add(sums, name, us) {
  sums.set(name, (sums.get(name) ?? 0) + us);
}

function sorted(sums) {
  return [...sums].sort((a, b) => b[1] - a[1]);
}
