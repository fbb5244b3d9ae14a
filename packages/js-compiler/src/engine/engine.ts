import { type BuildHostListener, buildImports } from './build-host.js';
import { engineFiles } from './template.js';
import { type WasmGlobal, type WasmMemory, type WasmModule, webAssembly } from './web-assembly.js';

type EngineFunction = (...args: number[]) => number;

/** A value of JavaScript in the engine's heap. Never given back: an engine lives for one build. */
export type Box = number;

/** What JavaScript has thrown. */
export class ThrownInEngine extends Error {
  readonly thrown: Box;

  constructor(thrown: Box, text: string) {
    super(text);
    this.name = 'ThrownInEngine';
    this.thrown = thrown;
  }
}

/** Flags of `qjs_compile`: functions without their source text, which would be kept once more for each function within another. */
const stripSource = 1 << 4;
/** What JavaScript may use of the engine's stack of 1 MiB; the host's own ends not much later. */
const stackMaxBytes = 256 * 1024;

let compiled: WasmModule | undefined;

/** One live QuickJS with the glue around it, before or while it becomes a module. */
export class Engine {
  readonly memory: WasmMemory;
  private readonly exports: Readonly<Record<string, unknown>>;

  /** Throws when the template cannot be instantiated. `memoryMaxBytes` is what JavaScript may allocate. */
  constructor(listener: BuildHostListener, memoryMaxBytes: number) {
    compiled ??= new webAssembly.Module(engineFiles().template);
    const imports = buildImports(compiled, () => this.memory, listener);
    const { exports } = new webAssembly.Instance(compiled, imports);
    this.exports = exports;
    this.memory = exports.memory as WasmMemory;
    this.call('_initialize');
    if (this.call('qjs_init') !== 0) throw new Error('QuickJS could not be initialised');
    this.call('qjs_set_memory_limit', memoryMaxBytes);
    this.call('qjs_set_max_stack_size', stackMaxBytes);
    this.call('qjs_set_interrupt_handler', 1);
    this.call('qjs_set_promise_rejection_handler', 1);
    this.global('torii_scratch').value = this.allocate(128);
  }

  /** The value of one of the template's globals, which outlives the build. */
  global(name: string): WasmGlobal {
    return this.exports[name] as WasmGlobal;
  }

  /** Compiles a script to bytecode, which any engine of the same build can run. Throws `ThrownInEngine`. */
  compile(source: string, fileName: string): Uint8Array {
    const text = this.write(source);
    const name = this.write(fileName);
    const sizePointer = this.allocate(4);
    const pointer = this.call('qjs_compile', text.pointer, text.length, name.pointer, 0, stripSource, sizePointer);
    if (pointer === 0) throw this.thrown();
    return new Uint8Array(this.memory.buffer, pointer, new DataView(this.memory.buffer).getUint32(sizePointer, true)).slice();
  }

  /** Runs a script that was compiled; answers its value. Throws `ThrownInEngine`. */
  run(bytecode: Uint8Array): Box {
    const pointer = this.allocate(bytecode.length);
    new Uint8Array(this.memory.buffer, pointer, bytecode.length).set(bytecode);
    const result = this.call('qjs_eval_bytecode', pointer, bytecode.length);
    this.release(pointer, bytecode.length);
    return this.checked(result);
  }

  /** Throws `ThrownInEngine`. */
  apply(callee: Box, argument: Box): Box {
    const args = this.allocate(4);
    new DataView(this.memory.buffer).setUint32(args, argument, true);
    const result = this.call('qjs_call', callee, this.call('qjs_get_undefined'), 1, args);
    this.call('wasm_free', args);
    return this.checked(result);
  }

  /** Runs what promises have left to do. Throws `ThrownInEngine` for what no promise can be told of. */
  runJobs(): void {
    while (this.call('qjs_is_job_pending') !== 0) {
      if (this.call('qjs_execute_pending_job') < 0) throw this.thrown();
    }
  }

  newString(text: string): Box {
    const { pointer, length } = this.write(text);
    const box = this.call('qjs_new_string', pointer, length);
    this.release(pointer, length);
    return box;
  }

  /** A function of the engine that calls the operation of the glue with that number. */
  newOperation(byte: number): Box {
    const name = this.allocate(1);
    new Uint8Array(this.memory.buffer)[name] = byte;
    return this.call('qjs_new_host_function', name, 1, 0);
  }

  newObject(properties: Readonly<Record<string, Box>>): Box {
    const object = this.call('qjs_new_object');
    for (const [name, value] of Object.entries(properties)) this.setProperty(object, name, value);
    return object;
  }

  setGlobal(name: string, value: Box): void {
    this.setProperty(this.call('qjs_get_global'), name, value);
  }

  property(object: Box, name: string): Box {
    const { pointer } = this.write(name);
    const value = this.call('qjs_get_prop_string', object, pointer);
    this.call('wasm_free', pointer);
    return this.checked(value);
  }

  textOf(value: Box): string {
    const lengthPointer = this.allocate(4);
    const pointer = this.call('qjs_get_string_len', value, lengthPointer);
    if (pointer === 0) return '';
    const length = new DataView(this.memory.buffer).getUint32(lengthPointer, true);
    const text = Buffer.from(this.memory.buffer, pointer, length).toString();
    this.call('qjs_free_cstring', pointer);
    this.call('wasm_free', lengthPointer);
    return text;
  }

  /** Tells two boxes of one value apart from boxes of two. */
  identityOf(value: Box): number {
    return this.call('qjs_get_value_ptr', value);
  }

  free(value: Box): void {
    this.call('qjs_free_value', value);
  }

  /** Leaves out what nothing refers to, and gives up what only builds need: the result is ready to be a module. */
  settle(): void {
    this.call('qjs_set_interrupt_handler', 0);
    this.call('qjs_set_promise_rejection_handler', 0);
    this.call('qjs_set_memory_limit', 0);
    this.call('qjs_run_gc');
  }

  private setProperty(object: Box, name: string, value: Box): void {
    const { pointer } = this.write(name);
    this.call('qjs_set_prop_string', object, pointer, value);
    this.call('wasm_free', pointer);
  }

  private checked(result: Box): Box {
    if (this.call('qjs_is_exception', result) !== 0) throw this.thrown();
    return result;
  }

  private thrown(): ThrownInEngine {
    const thrown = this.call('qjs_get_exception');
    return new ThrownInEngine(thrown, this.textOf(thrown));
  }

  /** The text, with a zero behind it that does not count. */
  private write(text: string): { readonly pointer: number; readonly length: number } {
    const bytes = Buffer.from(`${text}\0`);
    const pointer = this.allocate(bytes.length);
    new Uint8Array(this.memory.buffer, pointer, bytes.length).set(bytes);
    return { pointer, length: bytes.length - 1 };
  }

  private allocate(bytes: number): number {
    const pointer = this.call('wasm_malloc', bytes);
    if (pointer === 0) throw new Error('the engine has no memory left');
    return pointer;
  }

  /** Cleared, because what is freed is still a part of the module. */
  private release(pointer: number, length: number): void {
    new Uint8Array(this.memory.buffer, pointer, length).fill(0);
    this.call('wasm_free', pointer);
  }

  private call(name: string, ...args: number[]): number {
    return (this.exports[name] as EngineFunction)(...args);
  }
}
