import path from 'node:path';

const bin = (name, file) => path.join('node_modules', name, file);

/**
 * What is checked without running anything, as arguments for Node; package.json's "check" is the same, and builds.
 * The types are those of every source and test at once, for the build leaves them unchecked; they need no build. One
 * checker, for each works out again what the files of several have in common: two do half as much again, four twice as much.
 */
export const staticChecks = [
  { title: 'lint', needsBuild: true, command: [bin('@biomejs/biome', path.join('bin', 'biome')), 'ci', '--colors=off', '.'] },
  { title: 'types', needsBuild: false, command: [bin('typescript', path.join('bin', 'tsc')), '-p', 'tsconfig.specs.json', '--checkers', '1'] },
  {
    title: 'imports',
    needsBuild: true,
    command: [bin('dependency-cruiser', path.join('bin', 'dependency-cruiser.mjs')), '--config', '.dependency-cruiser.cjs', 'apps', 'packages'],
  },
  { title: 'unused', needsBuild: true, command: [bin('knip', path.join('bin', 'knip.js'))] },
];
