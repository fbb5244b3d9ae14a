import { hostFunctions } from '@torii/contracts';

/**
 * The WebAssembly text of what stands between QuickJS and Extism: QuickJS calls a JavaScript function of the prelude's
 * `native` object, that calls `host_call`, and that calls the operation of that name here.
 *
 * Values of JavaScript are boxes in QuickJS's heap, by pointer. An operation gets the boxes of its arguments, which stay
 * the caller's, and answers a new box, or 0 when it has thrown. Its first argument lies at `$argv`, and so on.
 */

/** Of each number of `console`'s levels, the kernel's function. */
const logFunctions = ['log_trace', 'log_debug', 'log_info', 'log_warn', 'log_error'];

/** What JavaScript may use of the stack, of 1 MiB: beyond it the engine's own would end first. Spent by some 1,100 plain calls within each other. */
const stackMaxBytes = 256 * 1024;
/** The same from where JSON is read or written, which takes far more of the engine's stack than of this one. */
const narrowStackBytes = 40 * 1024;
const argument = (index) => `(i32.load offset=${index * 4} (local.get $argv))`;
const float = (index) => `(call $get_float64 ${argument(index)})`;
const i32 = (index) => `(i32.trunc_sat_f64_u ${float(index)})`;
const i64 = (index) => `(i64.trunc_sat_f64_s ${float(index)})`;
const answerNothing = '(call $new_undefined)';

/** The operations of the prelude's `native` object, by name; their order is that of the names' bytes, from `firstOperation` on. */
const operations = {
  inputString: '(call $input (i32.const 1))',
  inputBytes: '(call $input (i32.const 0))',
  outputString: `(call $output (call $store_string ${argument(0)}))`,
  outputBytes: `(call $output (call $store_buffer ${argument(0)} ${i32(1)} ${i32(2)}))`,
  errorString: `(call $error (call $store_string ${argument(0)}))`,
  storeString: `(call $new_number (f64.convert_i64_u (call $store_string ${argument(0)})))`,
  storeBytes: `(call $new_number (f64.convert_i64_u (call $store_buffer ${argument(0)} ${i32(1)} ${i32(2)})))`,
  loadString: `(call $load ${i64(0)} ${i32(1)} (i32.const 1))`,
  loadBytes: `(call $load ${i64(0)} ${i32(1)} (i32.const 0))`,
  length: `(call $new_number (f64.convert_i64_u (call $kernel_length ${i64(0)})))`,
  free: `(call $kernel_free ${i64(0)}) ${answerNothing}`,
  configGet: `(call $new_number (f64.convert_i64_u (call $config_get ${i64(0)})))`,
  varGet: `(call $new_number (f64.convert_i64_u (call $var_get ${i64(0)})))`,
  varSet: `(call $var_set ${i64(0)} ${i64(1)}) ${answerNothing}`,
  httpRequest: `(call $new_number (f64.convert_i64_u (call $http_request ${i64(0)} ${i64(1)})))`,
  httpStatus: '(call $new_number (f64.convert_i32_u (call $http_status_code)))',
  httpHeaders: '(call $new_number (f64.convert_i64_u (call $http_headers)))',
  log: `(call $log ${i32(0)} (call $store_string ${argument(1)})) ${answerNothing}`,
  buildLog: `(call $build_log ${i32(0)} ${argument(1)}) ${answerNothing}`,
  random: '(call $new_number (call $random))',
  randomBytes: `(drop (call $random_get (i32.add (call $get_array_buffer ${argument(0)} (global.get $scratch)) ${i32(1)}) ${i32(2)})) ${answerNothing}`,
  clock: `(call $new_number (call $clock ${i32(0)}))`,
  sleep: `(call $sleep ${float(0)}) ${answerNothing}`,
  encode: `(call $encode ${argument(0)})`,
  decode: `(call $new_string (i32.add (call $get_array_buffer ${argument(0)} (global.get $scratch)) ${i32(1)}) ${i32(2)})`,
  narrowStack: `(call $narrow_stack) ${answerNothing}`,
  widenStack: `(call $set_max_stack_size (i32.const ${stackMaxBytes})) ${answerNothing}`,
  host: `(call $host ${i32(0)} ${i64(1)} ${i64(2)} ${i64(3)})`,
};

export const operationNames = Object.keys(operations);
export const firstOperation = 48;

/** In the order of their numbers. */
export const hostFunctionNames = Object.keys(hostFunctions);

/** Answered by the prelude's `turn` when the call has not settled yet. */
export const notSettled = -(2 ** 31);

export function glueText() {
  return `(module
${imports()}
  ;; Set while a function is built: a place for what is answered by pointer, and boxes of two functions of the prelude.
  (global $scratch (export "torii_scratch") (mut i32) (i32.const 0))
  (global $dispatch (export "torii_dispatch") (mut i32) (i32.const 0))
  (global $turn (export "torii_turn") (mut i32) (i32.const 0))
  (global $random_state (export "torii_random_state") (mut i64) (i64.const 0))
  (global $is_seeded (export "torii_is_seeded") (mut i32) (i32.const 0))

${copying}
${values}
${randomness}
${time}
${callingHostFunctions()}
${hostCall()}
${theRestOfTheEnvironment}
${entry}
)
`;
}

function imports() {
  const engine = {
    wasm_malloc: '(func $malloc (param i32) (result i32))',
    wasm_free: '(func $free (param i32))',
    qjs_new_string: '(func $new_string (param i32 i32) (result i32))',
    qjs_new_array_buffer: '(func $new_array_buffer (param i32 i32) (result i32))',
    qjs_get_array_buffer: '(func $get_array_buffer (param i32 i32) (result i32))',
    qjs_get_string_len: '(func $get_string (param i32 i32) (result i32))',
    qjs_free_cstring: '(func $free_string (param i32))',
    qjs_get_float64: '(func $get_float64 (param i32) (result f64))',
    qjs_new_number: '(func $new_number (param f64) (result i32))',
    qjs_new_big_int64: '(func $new_big_int (param i32 i32) (result i32))',
    qjs_get_undefined: '(func $new_undefined (result i32))',
    qjs_call: '(func $call (param i32 i32 i32 i32) (result i32))',
    qjs_free_value: '(func $free_value (param i32))',
    qjs_is_exception: '(func $is_exception (param i32) (result i32))',
    qjs_get_exception: '(func $get_exception (result i32))',
    qjs_is_job_pending: '(func $is_job_pending (result i32))',
    qjs_execute_pending_job: '(func $execute_job (result i32))',
    qjs_set_max_stack_size: '(func $set_max_stack_size (param i32))',
    qjs_get_context_ptr: '(func $context (result i32))',
    JS_ThrowOutOfMemory: '(func $throw_out_of_memory (param i32) (result i64))',
  };
  const kernel = {
    input_length: '(func $input_length (result i64))',
    input_load_u8: '(func $input_load_u8 (param i64) (result i32))',
    input_load_u64: '(func $input_load_u64 (param i64) (result i64))',
    output_set: '(func $output_set (param i64 i64))',
    error_set: '(func $error_set (param i64))',
    alloc: '(func $kernel_alloc (param i64) (result i64))',
    free: '(func $kernel_free (param i64))',
    length: '(func $kernel_length (param i64) (result i64))',
    load_u8: '(func $load_u8 (param i64) (result i32))',
    load_u64: '(func $load_u64 (param i64) (result i64))',
    store_u8: '(func $store_u8 (param i64 i32))',
    store_u64: '(func $store_u64 (param i64 i64))',
    config_get: '(func $config_get (param i64) (result i64))',
    var_get: '(func $var_get (param i64) (result i64))',
    var_set: '(func $var_set (param i64 i64))',
    http_request: '(func $http_request (param i64 i64) (result i64))',
    http_status_code: '(func $http_status_code (result i32))',
    http_headers: '(func $http_headers (result i64))',
    ...Object.fromEntries(logFunctions.map((name) => [name, `(func $${name} (param i64))`])),
  };
  const wasi = {
    random_get: '(func $random_get (param i32 i32) (result i32))',
    clock_time_get: '(func $clock_time_get (param i32 i64 i32) (result i32))',
    poll_oneoff: '(func $poll_oneoff (param i32 i32 i32 i32) (result i32))',
  };
  // Only there while a function is built; modules never import these.
  const build = {
    interrupt: '(func $build_interrupt (result i32))',
    rejection: '(func $build_rejection (param i32 i32 i32))',
    log: '(func $build_log (param i32 i32))',
  };
  const user = Object.fromEntries(
    Object.entries(hostFunctions).map(([name, { params, result }]) => [name, `(func $${name} (param ${params.join(' ')}) (result ${result}))`]),
  );
  const lines = ['  (import "engine" "memory" (memory 1))'];
  const from = (module, entries) => {
    for (const [name, type] of Object.entries(entries)) lines.push(`  (import "${module}" "${name}" ${type})`);
  };
  from('engine', engine);
  from('wasi_snapshot_preview1', wasi);
  from('extism:host/env', kernel);
  from('extism:host/user', user);
  from('torii:build', build);
  // Exported by the engine as a global that it changes itself.
  lines.push('  (import "engine" "__stack_pointer" (global $stack_pointer (mut i32)))');
  return lines.join('\n');
}

const copying = `
  ;; Bytes of the heap to a new block of the kernel; 0 for none, or when there is no room.
  (func $store (param $from i32) (param $length i32) (result i64)
    (local $block i64) (local $to i64) (local $end i32)
    (if (i32.eqz (local.get $length)) (then (return (i64.const 0))))
    (local.set $block (call $kernel_alloc (i64.extend_i32_u (local.get $length))))
    (if (i64.eqz (local.get $block)) (then (return (i64.const 0))))
    (local.set $to (local.get $block))
    (local.set $end (i32.add (local.get $from) (i32.and (local.get $length) (i32.const -8))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $from) (local.get $end)))
      (call $store_u64 (local.get $to) (i64.load align=1 (local.get $from)))
      (local.set $from (i32.add (local.get $from) (i32.const 8)))
      (local.set $to (i64.add (local.get $to) (i64.const 8)))
      (br $next)))
    (local.set $end (i32.add (local.get $end) (i32.and (local.get $length) (i32.const 7))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $from) (local.get $end)))
      (call $store_u8 (local.get $to) (i32.load8_u (local.get $from)))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (local.set $to (i64.add (local.get $to) (i64.const 1)))
      (br $next)))
    (local.get $block))

  ;; Bytes of a block to the heap.
  (func $copy_block (param $from i64) (param $to i32) (param $length i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $to) (i32.and (local.get $length) (i32.const -8))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $to) (local.get $end)))
      (i64.store align=1 (local.get $to) (call $load_u64 (local.get $from)))
      (local.set $to (i32.add (local.get $to) (i32.const 8)))
      (local.set $from (i64.add (local.get $from) (i64.const 8)))
      (br $next)))
    (local.set $end (i32.add (local.get $end) (i32.and (local.get $length) (i32.const 7))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $to) (local.get $end)))
      (i32.store8 (local.get $to) (call $load_u8 (local.get $from)))
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (local.set $from (i64.add (local.get $from) (i64.const 1)))
      (br $next))))

  ;; The input to the heap.
  (func $copy_input (param $to i32) (param $length i32)
    (local $from i64) (local $end i32)
    (local.set $end (i32.add (local.get $to) (i32.and (local.get $length) (i32.const -8))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $to) (local.get $end)))
      (i64.store align=1 (local.get $to) (call $input_load_u64 (local.get $from)))
      (local.set $to (i32.add (local.get $to) (i32.const 8)))
      (local.set $from (i64.add (local.get $from) (i64.const 8)))
      (br $next)))
    (local.set $end (i32.add (local.get $end) (i32.and (local.get $length) (i32.const 7))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $to) (local.get $end)))
      (i32.store8 (local.get $to) (call $input_load_u8 (local.get $from)))
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (local.set $from (i64.add (local.get $from) (i64.const 1)))
      (br $next))))
`;

const values = `
  (func $out_of_memory (result i32)
    (drop (call $throw_out_of_memory (call $context)))
    (i32.const 0))

  ;; Of bytes that were allocated for it, which it frees.
  (func $new_value (param $bytes i32) (param $length i32) (param $is_text i32) (result i32)
    (local $value i32)
    (local.set $value
      (if (result i32) (local.get $is_text)
        (then (call $new_string (local.get $bytes) (local.get $length)))
        (else (call $new_array_buffer (local.get $bytes) (local.get $length)))))
    (call $free (local.get $bytes))
    (local.get $value))

  (func $input (param $is_text i32) (result i32)
    (local $length i32) (local $bytes i32)
    (local.set $length (i32.wrap_i64 (call $input_length)))
    (local.set $bytes (call $malloc (i32.add (local.get $length) (i32.const 1))))
    (if (i32.eqz (local.get $bytes)) (then (return (call $out_of_memory))))
    (call $copy_input (local.get $bytes) (local.get $length))
    (call $new_value (local.get $bytes) (local.get $length) (local.get $is_text)))

  (func $load (param $block i64) (param $length i32) (param $is_text i32) (result i32)
    (local $bytes i32)
    (local.set $bytes (call $malloc (i32.add (local.get $length) (i32.const 1))))
    (if (i32.eqz (local.get $bytes)) (then (return (call $out_of_memory))))
    (call $copy_block (local.get $block) (local.get $bytes) (local.get $length))
    (call $new_value (local.get $bytes) (local.get $length) (local.get $is_text)))

  ;; A text as UTF-8 in a new block; its length is left in the scratch.
  (func $store_string (param $value i32) (result i64)
    (local $bytes i32) (local $block i64)
    (local.set $bytes (call $get_string (local.get $value) (global.get $scratch)))
    (if (i32.eqz (local.get $bytes)) (then (i32.store (global.get $scratch) (i32.const 0)) (return (i64.const 0))))
    (local.set $block (call $store (local.get $bytes) (i32.load (global.get $scratch))))
    (call $free_string (local.get $bytes))
    (local.get $block))

  ;; A part of an ArrayBuffer in a new block; its length is left in the scratch.
  (func $store_buffer (param $value i32) (param $offset i32) (param $length i32) (result i64)
    (local $bytes i32)
    (local.set $bytes (call $get_array_buffer (local.get $value) (global.get $scratch)))
    (i32.store (global.get $scratch) (local.get $length))
    (call $store (i32.add (local.get $bytes) (local.get $offset)) (local.get $length)))

  (func $output (param $block i64) (result i32)
    (if (i32.and (i64.eqz (local.get $block)) (i32.ne (i32.load (global.get $scratch)) (i32.const 0)))
      (then (return (call $out_of_memory))))
    (call $output_set (local.get $block) (i64.extend_i32_u (i32.load (global.get $scratch))))
    (call $new_undefined))

  (func $error (param $block i64) (result i32)
    (call $error_set (local.get $block))
    (call $new_undefined))

  (func $encode (param $value i32) (result i32)
    (local $bytes i32) (local $buffer i32)
    (local.set $bytes (call $get_string (local.get $value) (global.get $scratch)))
    (if (i32.eqz (local.get $bytes)) (then (return (call $out_of_memory))))
    (local.set $buffer (call $new_array_buffer (local.get $bytes) (i32.load (global.get $scratch))))
    (call $free_string (local.get $bytes))
    (local.get $buffer))

  (func $log (param $level i32) (param $block i64)
    (if (i64.eqz (local.get $block)) (then (return)))
    ${logFunctions.map((name, level) => `(if (i32.eq (local.get $level) (i32.const ${level})) (then (call $${name} (local.get $block))))`).join('\n    ')}
    (call $kernel_free (local.get $block)))

  ;; What is left for JSON: less and less the deeper the stack is already.
  (func $narrow_stack
    (local $used i32)
    (local.set $used (i32.sub (i32.const 1048576) (global.get $stack_pointer)))
    (call $set_max_stack_size
      (i32.sub
        (i32.add (local.get $used) (i32.const ${narrowStackBytes}))
        (i32.div_u (local.get $used) (i32.const ${Math.ceil(stackMaxBytes / narrowStackBytes)})))))
`;

const randomness = `
  ;; From 0 to 1 without 1. SplitMix64, https://doi.org/10.1145/2714064.2660195, seeded when it is first asked in a module's life.
  (func $random (result f64)
    (local $mixed i64)
    (if (i32.eqz (global.get $is_seeded))
      (then
        (drop (call $random_get (global.get $scratch) (i32.const 8)))
        (global.set $random_state (i64.load (global.get $scratch)))
        (global.set $is_seeded (i32.const 1))))
    (global.set $random_state (i64.add (global.get $random_state) (i64.const 0x9e3779b97f4a7c15)))
    (local.set $mixed (global.get $random_state))
    (local.set $mixed
      (i64.mul (i64.xor (local.get $mixed) (i64.shr_u (local.get $mixed) (i64.const 30))) (i64.const 0xbf58476d1ce4e5b9)))
    (local.set $mixed
      (i64.mul (i64.xor (local.get $mixed) (i64.shr_u (local.get $mixed) (i64.const 27))) (i64.const 0x94d049bb133111eb)))
    (local.set $mixed (i64.xor (local.get $mixed) (i64.shr_u (local.get $mixed) (i64.const 31))))
    (f64.mul (f64.convert_i64_u (i64.shr_u (local.get $mixed) (i64.const 11))) (f64.const 0x1p-53)))
`;

const time = `
  ;; Milliseconds: of clock 0 since 1970, of clock 1 since any moment.
  (func $clock (param $id i32) (result f64)
    (drop (call $clock_time_get (local.get $id) (i64.const 1000) (global.get $scratch)))
    (f64.div (f64.convert_i64_u (i64.load (global.get $scratch))) (f64.const 1e6)))

  ;; One subscription of 48 bytes to the monotonic clock, one event of 32 bytes, and the number of events.
  (func $sleep (param $ms f64)
    (local $at i32)
    (local.set $at (global.get $scratch))
    (memory.fill (local.get $at) (i32.const 0) (i32.const 84))
    (i32.store offset=16 (local.get $at) (i32.const 1))
    (i64.store offset=24 (local.get $at) (i64.trunc_sat_f64_u (f64.mul (local.get $ms) (f64.const 1e6))))
    (drop (call $poll_oneoff (local.get $at) (i32.add (local.get $at) (i32.const 48)) (i32.const 1) (i32.add (local.get $at) (i32.const 80)))))
`;

/** Each host function by its number, with as many of the three arguments as it takes. */
function callingHostFunctions() {
  const names = ['$first', '$second', '$third'];
  const cases = Object.entries(hostFunctions).map(([name, { params, result }], index) => {
    const values = params.map((type, at) => (type === 'i32' ? `(i32.wrap_i64 (local.get ${names[at]}))` : `(local.get ${names[at]})`));
    const call = `(call $${name} ${values.join(' ')})`;
    const answer = result === 'i32' ? `(i64.extend_i32_s ${call})` : call;
    return `(if (i32.eq (local.get $index) (i32.const ${index})) (then (return (call $new_integer ${answer}))))`;
  });
  return `
  ;; A number where it is exact, else a bigint.
  (func $new_integer (param $value i64) (result i32)
    (if (i64.le_u (i64.add (local.get $value) (i64.const 9007199254740991)) (i64.const 18014398509481982))
      (then (return (call $new_number (f64.convert_i64_s (local.get $value))))))
    (call $new_big_int (i32.wrap_i64 (local.get $value)) (i32.wrap_i64 (i64.shr_s (local.get $value) (i64.const 32)))))

  (func $host (param $index i32) (param $first i64) (param $second i64) (param $third i64) (result i32)
    ${cases.join('\n    ')}
    unreachable)
`;
}

function hostCall() {
  const cases = operationNames.map((name) => `    (func $op_${name} (param $argv i32) (result i32) ${operations[name]})`);
  const labels = operationNames.map((name) => `$${name}`);
  const blocks = labels.map((label) => `(block ${label}`).reverse();
  const bodies = operationNames.map((name) => `) (return (call $op_${name} (local.get $argv)))`);
  return `
${cases.join('\n')}
  (func (export "host_call") (param $name i32) (param $name_length i32) (param $this i32) (param $argc i32) (param $argv i32) (result i32)
    ${blocks.join(' ')}
      (br_table ${labels.join(' ')} (i32.sub (i32.load8_u (local.get $name)) (i32.const ${firstOperation})))
    ${bodies.join('\n    ')}
    unreachable)
`;
}

const theRestOfTheEnvironment = `
  (func (export "host_interrupt") (result i32) (call $build_interrupt))
  (func (export "host_promise_rejection") (param $promise i32) (param $reason i32) (param $is_handled i32)
    (call $build_rejection (local.get $promise) (local.get $reason) (local.get $is_handled)))
  (func (export "host_module_normalize") (param i32 i32) (result i32) (i32.const 0))
  (func (export "host_module_load") (param i32 i32) (result i32) (i32.const 0))
  ;; Everything is UTC.
  (func (export "host_get_timezone_offset") (param i32 i32) (result i32) (i32.const 0))
`;

const entry = `
  (func $run_jobs
    (block $done (loop $next
      (br_if $done (i32.eqz (call $is_job_pending)))
      (if (i32.lt_s (call $execute_job) (i32.const 0)) (then (call $free_value (call $get_exception))))
      (br $next))))

  ;; What the prelude should never throw, and does when not even an error has room in memory.
  (func $expect_result (param $result i32)
    (if (call $is_exception (local.get $result)) (then (unreachable))))

  ;; Calls the exported function of that number, and whatever it left to do, until it settles; answers its status.
  (func $invoke (export "torii_invoke") (param $index i32) (result i32)
    (local $undefined i32) (local $argument i32) (local $result i32) (local $status i32)
    (local.set $undefined (call $new_undefined))
    (local.set $argument (call $new_number (f64.convert_i32_u (local.get $index))))
    (i32.store offset=88 (global.get $scratch) (local.get $argument))
    (local.set $result
      (call $call (global.get $dispatch) (local.get $undefined) (i32.const 1) (i32.add (global.get $scratch) (i32.const 88))))
    (call $expect_result (local.get $result))
    (call $free_value (local.get $argument))
    (loop $next
      (call $free_value (local.get $result))
      (call $run_jobs)
      (local.set $result (call $call (global.get $turn) (local.get $undefined) (i32.const 0) (i32.const 0)))
      (call $expect_result (local.get $result))
      (local.set $status (i32.trunc_sat_f64_s (call $get_float64 (local.get $result))))
      (br_if $next (i32.eq (local.get $status) (i32.const ${notSettled}))))
    (call $free_value (local.get $result))
    (call $free_value (local.get $undefined))
    (local.get $status))

  ;; What the functions of a module look like, which the compiler appends.
  (func (export "torii_entry") (result i32) (call $invoke (i32.const 0)))
`;
