export { ByteReader } from './byte-reader.js';
export { ByteWriter, leb, signedLeb } from './byte-writer.js';
export { describeModule, type ModuleDescription, type ModuleExport, type ModuleImport } from './describe-module.js';
export type { ExternKind } from './module-shape.js';
export { REWRITER_VERSION, type RewriteOptions, type RewrittenModule, rewriteModule, rewriteModuleWithReport } from './rewrite-module.js';
export type { RestorableGlobal, Restoration, RewriteReport } from './rewrite-report.js';
export {
  guestTablePrefix,
  reservedPrefix,
  restorableGlobalExport,
  restorableGlobalPrefix,
  rewrittenExportOf,
  rewrittenExports,
  rewrittenImports,
  rewrittenNamespaceOf,
  rewrittenNamespaces,
} from './rewritten-names.js';
export { readSections, type SectionName, type Sections, sectionIds, sectionOrder, sectionReader } from './sections.js';
export { WasmFormatError } from './wasm-format-error.js';
