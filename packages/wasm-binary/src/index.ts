export { describeModule, type ModuleDescription, type ModuleExport, type ModuleImport } from './describe-module.js';
export type { ExternKind } from './module-shape.js';
export { REWRITER_VERSION, type RewriteOptions, rewriteModule } from './rewrite-module.js';
export { reservedPrefix, rewrittenExportOf, rewrittenExports, rewrittenNamespaceOf, rewrittenNamespaces } from './rewritten-names.js';
export { WasmFormatError } from './wasm-format-error.js';
