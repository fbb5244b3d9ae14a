// Writes engine/template.wasm and engine/template.json: QuickJS with what it needs to be an Extism plugin, before any
// JavaScript. Run after editing lib/glue.mjs, the table of host functions or the version of quickjs-wasi:
// node packages/js-compiler/scripts/generate-template.mjs (downloads binaryen with npm at its first run)
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import wabtInit from 'wabt';
import { binaryenFolder, loadBinaryen } from './lib/binaryen.mjs';
import { firstOperation, glueText, hostFunctionNames, operationNames } from './lib/glue.mjs';
import { padCalls } from './lib/pad-calls.mjs';

const require = createRequire(import.meta.url);
const enginePath = require.resolve('quickjs-wasi/quickjs.wasm');
const { version: quickjsWasi } = JSON.parse(readFileSync(path.join(path.dirname(enginePath), 'package.json'), 'utf8'));
const target = new URL('../engine/', import.meta.url);

/** What the compiler calls; everything else of the engine that nothing of these needs is left out. */
const keptExports = new Set([
  ...['memory', '__stack_pointer', '_initialize', 'wasm_malloc', 'wasm_free', 'qjs_get_quickjs_version', 'qjs_init', 'qjs_compile'],
  ...['qjs_eval_bytecode', 'qjs_get_global', 'qjs_get_prop_string', 'qjs_set_prop_string', 'qjs_is_exception', 'qjs_get_exception'],
  ...['qjs_get_string_len', 'qjs_free_cstring', 'qjs_free_value', 'qjs_is_job_pending', 'qjs_execute_pending_job', 'qjs_run_gc'],
  ...['qjs_new_host_function', 'qjs_new_object', 'qjs_new_string', 'qjs_new_uint8_array', 'qjs_new_number', 'qjs_get_float64'],
  ...['qjs_call', 'qjs_get_undefined', 'qjs_get_value_ptr', 'qjs_set_memory_limit', 'qjs_set_max_stack_size', 'qjs_set_interrupt_handler'],
  ...['qjs_set_promise_rejection_handler', 'qjs_is_function'],
  ...['torii_scratch', 'torii_dispatch', 'torii_turn', 'torii_random_state', 'torii_is_seeded', 'torii_invoke', 'torii_entry'],
]);

/** Whatever a plain WebAssembly 2.0 engine takes; without it binaryen would refuse the engine, with more it would emit more. */
const features = ['bulk-memory', 'bulk-memory-opt', 'sign-ext', 'nontrapping-float-to-int', 'mutable-globals', 'multivalue', 'reference-types'];

const folder = mkdtempSync(path.join(tmpdir(), 'torii-template-'));
try {
  const merged = merge(await compileGlue());
  const template = padCalls(await trim(merged));
  if (!WebAssembly.validate(template)) throw new Error('the template is not valid');
  writeFileSync(new URL('template.wasm', target), template);
  const manifest = {
    sha256: sha256Of(template),
    glueSha256: sha256Of(glueText()),
    quickjsWasi,
    operations: operationNames,
    firstOperation,
    hostFunctions: hostFunctionNames,
  };
  writeFileSync(new URL('template.json', target), `${JSON.stringify(manifest, undefined, 2)}\n`);
  console.log(`engine/template.wasm: ${template.length} bytes`);
} finally {
  rmSync(folder, { recursive: true });
}

async function compileGlue() {
  const wabt = await wabtInit();
  const parsed = wabt.parseWat('glue.wat', glueText(), { bulk_memory: true, mutable_globals: true, sat_float_to_int: true });
  parsed.validate();
  const file = path.join(folder, 'glue.wasm');
  writeFileSync(file, parsed.toBinary({}).buffer);
  return file;
}

/** Each resolves the other's imports: the engine's from `env`, the glue's from `engine`. */
function merge(glueFile) {
  const output = path.join(folder, 'merged.wasm');
  const tool = path.join(binaryenFolder(), 'bin', 'wasm-merge');
  const args = [tool, enginePath, 'engine', glueFile, 'env', '-o', output, ...features.map((feature) => `--enable-${feature}`)];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 300_000 });
  if (status !== 0) throw new Error(`wasm-merge: ${stderr}`);
  return readFileSync(output);
}

async function trim(bytes) {
  const binaryen = await loadBinaryen();
  const module = binaryen.readBinary(bytes);
  const names = Array.from({ length: module.getNumExports() }, (_, index) => binaryen.getExportInfo(module.getExportByIndex(index)).name);
  for (const name of names) if (!keptExports.has(name)) module.removeExport(name);
  module.runPasses(['duplicate-import-elimination', 'remove-unused-module-elements']);
  return module.emitBinary();
}

function sha256Of(content) {
  return createHash('sha256').update(content).digest('hex');
}
