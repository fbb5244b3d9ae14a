import path from 'node:path';

const bin = (name, file) => path.join('node_modules', name, file);

/** What is checked without running anything, as arguments for Node; package.json's "check" is the same. */
export const staticChecks = [
  { title: 'lint', command: [bin('@biomejs/biome', path.join('bin', 'biome')), 'ci', '--colors=off', '.'] },
  { title: 'types', command: [bin('typescript', path.join('bin', 'tsc')), '-p', 'tsconfig.specs.json'] },
  {
    title: 'imports',
    command: [bin('dependency-cruiser', path.join('bin', 'dependency-cruiser.mjs')), '--config', '.dependency-cruiser.cjs', 'apps', 'packages'],
  },
  { title: 'unused', command: [bin('knip', path.join('bin', 'knip.js'))] },
];
