;; Answers its input: what the host hands over as input is given back as output, without a copy of its own.
(module
  (import "extism:host/env" "input_offset" (func $input_offset (result i64)))
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))

  ;; 0 says that the call went well.
  (func (export "execute") (result i32)
    (call $output_set (call $input_offset) (call $input_length))
    (i32.const 0)))
