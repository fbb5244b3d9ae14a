import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { serveCompiles } from '../dist/compilers/compiler-process.js';

// A compiling process that does what a test tells it to.

const deeds = {
  pid: () => process.pid,
  environment: () => Object.keys(process.env),
  exit: () => process.exit(7),
  fillHeap: () => {
    const kept = [];
    for (;;) kept.push(new Array(100_000).fill({}));
  },
  loop: () => {
    for (;;);
  },
  reach: async () => ({
    read: codeOf(() => readFileSync('/etc/passwd')),
    write: codeOf(() => writeFileSync('/tmp/written-by-a-compiler', '')),
    run: codeOf(() => execFileSync('/bin/true')),
    connect: await connectCode(),
  }),
};

serveCompiles(async ({ deed, isSpent = false }) => ({ answer: await deeds[deed](), isSpent }));

function codeOf(deed) {
  try {
    deed();
    return 'done';
  } catch (error) {
    return error.code;
  }
}

function connectCode() {
  return new Promise((resolve) => {
    try {
      const socket = connect(9, '127.0.0.1');
      socket.once('connect', () => resolve('done'));
      socket.once('error', (error) => resolve(error.code));
    } catch (error) {
      resolve(error.code);
    }
  });
}
