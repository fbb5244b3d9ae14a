import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from '@jest/globals';
import { ThreadLink } from './thread-link.js';

const anHourMs = 3_600_000;

describe('ThreadLink', () => {
  it('fails what a thread was asked when it ends, and at once what it is asked afterwards', async () => {
    const worker = new Worker("require('node:worker_threads').parentPort.once('message', () => process.exit())", { eval: true });
    const link = new ThreadLink(worker);
    const exited = once(worker, 'exit');
    await expect(link.ask({ kind: 'commit' }, anHourMs)).rejects.toThrow('the data thread ended');
    await exited;
    await expect(link.ask({ kind: 'discard' }, anHourMs)).rejects.toThrow('the data thread ended');
  });

  it('gives up a thread that does not answer in time', async () => {
    const worker = new Worker("require('node:worker_threads').parentPort.on('message', () => undefined)", { eval: true });
    const link = new ThreadLink(worker);
    await expect(link.ask({ kind: 'drain' }, 20)).rejects.toThrow('a data thread did not drain within 20 ms');
    await worker.terminate();
  });
});
