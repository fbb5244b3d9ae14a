import { CompileProcesses } from '../dist/compilers/compile-processes.js';

// A builder that has just begun an endless compile, in a process that may have so much memory.

const processes = new CompileProcesses(new URL('obedient-compiler.mjs', import.meta.url));
void processes.run({ deed: 'loop' }, { signal: new AbortController().signal, memoryMaxBytes: Number(process.argv[2]) });
process.stdout.write('begun\n');
