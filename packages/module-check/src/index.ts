export { isCallable } from './exports.js';
export { grantIssues, grantsOf, storeLimitsOf } from './grants.js';
export { importProblem, missingGrant } from './imports.js';
export { nearest, suggestion } from './nearest.js';
