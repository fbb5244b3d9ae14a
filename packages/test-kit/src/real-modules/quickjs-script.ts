type Exports = Readonly<Record<string, unknown>>;
type NumberFunction = (...args: number[]) => number;

/** Makes an initialised QuickJS module ready to evaluate scripts. */
export function beginQuickJs(exports: Exports): void {
  const status = call(exports, 'qjs_init');
  if (status !== 0) throw new Error(`QuickJS could not be initialised: ${status}`);
}

/** What a script evaluates to, as text; of a script that throws, what it has thrown. */
export function evaluateScript(exports: Exports, script: string): string {
  const source = writeText(exports, script);
  const name = writeText(exports, 'script.js');
  const result = call(exports, 'qjs_eval', source.pointer, source.length, name.pointer, 0);
  call(exports, 'wasm_free', source.pointer);
  call(exports, 'wasm_free', name.pointer);
  if (call(exports, 'qjs_is_exception', result) === 0) return textOf(exports, result);
  return `thrown: ${textOf(exports, call(exports, 'qjs_get_exception'))}`;
}

function textOf(exports: Exports, value: number): string {
  const lengthPointer = call(exports, 'wasm_malloc', 4);
  const pointer = call(exports, 'qjs_get_string_len', value, lengthPointer);
  const length = new DataView(memoryOf(exports)).getUint32(lengthPointer, true);
  const text = Buffer.from(memoryOf(exports), pointer, length).toString();
  call(exports, 'qjs_free_cstring', pointer);
  call(exports, 'wasm_free', lengthPointer);
  call(exports, 'qjs_free_value', value);
  return text;
}

/** The text in the guest's memory, with a zero behind it that does not count. */
function writeText(exports: Exports, text: string): { readonly pointer: number; readonly length: number } {
  const bytes = Buffer.from(`${text}\0`);
  const pointer = call(exports, 'wasm_malloc', bytes.length);
  new Uint8Array(memoryOf(exports), pointer, bytes.length).set(bytes);
  return { pointer, length: bytes.length - 1 };
}

function memoryOf(exports: Exports): ArrayBuffer {
  return (exports.memory as { readonly buffer: ArrayBuffer }).buffer;
}

function call(exports: Exports, name: string, ...args: number[]): number {
  return (exports[name] as NumberFunction)(...args);
}
