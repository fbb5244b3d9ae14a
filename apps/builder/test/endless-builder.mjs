import { CompileProcesses } from '../dist/compilers/compile-processes.js';

// A builder in the middle of an endless compile; it prints the id of the compiling process.

const processes = new CompileProcesses(new URL('obedient-compiler.mjs', import.meta.url));
const options = { signal: new AbortController().signal, memoryMaxBytes: 128 * 1024 * 1024 };
const pid = await processes.run({ deed: 'pid' }, options);
void processes.run({ deed: 'loop' }, options);
process.stdout.write(`${pid}\n`);
