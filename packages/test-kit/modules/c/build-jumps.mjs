// Builds jumps.wasm and jumps-exnref.wasm; see ../README.md.
import { readFile, writeFile } from 'node:fs/promises';
import { runClang } from '@yowasp/clang';

const common = ['-O2', '-mexec-model=reactor', '-Wall', '-Wextra', '-mllvm', '-wasm-enable-sjlj', '-lsetjmp', '-Wl,--strip-all'];
const source = await readFile('jumps.c', 'utf8');
for (const [file, flags] of [
  ['jumps.wasm', []],
  ['jumps-exnref.wasm', ['-mllvm', '-wasm-use-legacy-eh=false']],
]) {
  const built = await runClang(['clang', ...common, ...flags, 'jumps.c', '-o', file], { 'jumps.c': source });
  await writeFile(file, built[file]);
}
