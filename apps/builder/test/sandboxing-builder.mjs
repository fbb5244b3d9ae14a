import { runBounded } from '../dist/sandbox/run-bounded.js';

// A builder in the middle of a run; its argument is the command that confines the program, as JSON.

await runBounded(JSON.parse(process.argv[2] ?? '[]'), {
  readWrite: [],
  limits: { wallMs: 120_000, outputMaxBytes: 65_536 },
  signal: new AbortController().signal,
  onOutput: () => undefined,
});
