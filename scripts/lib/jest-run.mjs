/**
 * @typedef {{ passed: number, failed: number, skipped: number, exitCode: number }} Counts
 */

/** Ends a test run with one line that people and scripts can read alike. */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** What jest's results come to. A suite that could not even load counts as a failure, although it holds no failed test. */
export function countsOf(results) {
  return {
    passed: results.numPassedTests,
    failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
    skipped: results.numPendingTests + results.numTodoTests,
  };
}

/** Whether a run with these arguments may hold a test that needs Postgres or Redis: unit tests never do. */
export function needsServers(args) {
  const projects = selectedProjects(args);
  return projects.length === 0 || projects.some((project) => project !== 'unit');
}

function selectedProjects(args) {
  const at = args.findIndex((arg) => arg === '--selectProjects' || arg.startsWith('--selectProjects='));
  if (at === -1) return [];
  const joined = args[at].split('=')[1];
  if (joined !== undefined) return [joined];
  const rest = args.slice(at + 1);
  const end = rest.findIndex((arg) => arg.startsWith('-'));
  return end === -1 ? rest : rest.slice(0, end);
}
