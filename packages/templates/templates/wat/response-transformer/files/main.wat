;; Response transformer: adds a field to answers in JSON, and a header to all.
(module
  ;; A byte of the input by its place, 0 behind the end.
  (import "extism:host/env" "input_load_u8" (func $byte (param i64) (result i32)))
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "load_u8" (func $load_u8 (param i64) (result i32)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))

  ;; The texts that are looked for and answered. Nothing is written between them: a zero ends each.
  (memory (export "memory") 1)
  (data (i32.const 0) "otoroshi_response")      (global $otoroshi_response i32 (i32.const 0))
  (data (i32.const 32) "status")                (global $status i32 (i32.const 32))
  (data (i32.const 48) "headers")               (global $headers i32 (i32.const 48))
  (data (i32.const 64) "content-type")          (global $content_type i32 (i32.const 64))
  (data (i32.const 80) "\"application/json")    (global $json_type i32 (i32.const 80))
  (data (i32.const 112) "response_body_base64") (global $response_body_base64 i32 (i32.const 112))
  (data (i32.const 144) "x-transformed-by")     (global $x_transformed_by i32 (i32.const 144))
  (data (i32.const 176) "{\"headers\":{")
  (global $before_headers i32 (i32.const 176))
  (data (i32.const 192) ",\"status\":")
  (global $before_status i32 (i32.const 192))
  (data (i32.const 208) "\"x-transformed-by\":\"torii\"}")
  (global $added_header i32 (i32.const 208))
  (data (i32.const 240) ",\"body_json\":")
  (global $before_body i32 (i32.const 240))
  (data (i32.const 256) "\"transformed\":true}")
  (global $added_field i32 (i32.const 256))

  (global $quote i32 (i32.const 34))
  (global $comma i32 (i32.const 44))
  (global $colon i32 (i32.const 58))
  (global $backslash i32 (i32.const 92))
  (global $brace i32 (i32.const 123))
  (global $closing_brace i32 (i32.const 125))

  (global $output (mut i64) (i64.const 0))
  (global $written (mut i64) (i64.const 0))

  ;; Answers the status there was, all headers, and the body when it has changed.
  (func (export "transform_response") (result i32)
    (local $input i64)
    (local $response i64)
    (local $headers i64)
    (local.set $input (call $skip_space (i64.const 0)))
    (local.set $response (call $member (local.get $input) (global.get $otoroshi_response)))
    (local.set $headers (call $member (local.get $response) (global.get $headers)))
    ;; Parts of the input, none of them twice, the body in fewer bytes, and less than 128 bytes of our own.
    (call $begin_output (i64.add (call $input_length) (i64.const 128)))
    (call $put_text (global.get $before_headers))
    (call $put_headers (local.get $headers))
    (call $put_comma)
    (call $put_text (global.get $added_header))
    (call $put_status (call $member (local.get $response) (global.get $status)))
    (if (call $begins_with
          (call $header (local.get $headers) (global.get $content_type))
          (global.get $json_type))
      (then (call $put_body (call $member (local.get $input) (global.get $response_body_base64)))))
    (call $put (global.get $closing_brace))
    (call $end_output))

  ;; Headers that go on as they are.
  (func $put_headers (param $headers i64)
    (local $at i64)
    (local.set $at (call $first_name (local.get $headers)))
    (block $done
      (loop $next
        (br_if $done (i64.lt_s (local.get $at) (i64.const 0)))
        (if (i32.eqz (call $is_replaced (local.get $at)))
          (then
            (call $put_comma)
            (call $put_part (local.get $at) (call $end_of (call $value_of (local.get $at))))))
        (local.set $at (call $next_name (local.get $at)))
        (br $next))))

  (func $is_replaced (param $name i64) (result i32)
    (call $is (local.get $name) (global.get $x_transformed_by) (i32.const 32)))

  (func $put_status (param $status i64)
    (if (i64.lt_s (local.get $status) (i64.const 0)) (then (return)))
    (call $put_text (global.get $before_status))
    (call $put_part (local.get $status) (call $end_of (local.get $status))))

  ;; The body with one field more, as long as it is an object. The field comes last, because of fields with the same name
  ;; the last one counts; and what is no JSON is none afterwards either, so that the call fails instead of repairing it.
  (func $put_body (param $base64 i64)
    (local $before i64)
    (local $start i64)
    (local.set $before (global.get $written))
    (call $put_text (global.get $before_body))
    (local.set $start (global.get $written))
    (call $put_decoded (local.get $base64))
    (call $drop_space (local.get $start))
    (if (i32.eqz (call $is_braced (local.get $start)))
      (then
        ;; Something else stays as it is: nothing is said about the body.
        (global.set $written (local.get $before))
        (return)))
    (call $drop_last)
    (call $drop_space (local.get $start))
    (call $put_comma)
    (call $put_text (global.get $added_field)))

  ;; Whether what was written from there on begins and ends with a brace.
  (func $is_braced (param $start i64) (result i32)
    (i32.and
      (i64.gt_u (global.get $written) (i64.add (local.get $start) (i64.const 1)))
      (i32.and
        (i32.eq (call $load_u8 (i64.add (global.get $output) (local.get $start))) (global.get $brace))
        (i32.eq (call $last) (global.get $closing_brace)))))

  (func $drop_last
    (global.set $written (i64.sub (global.get $written) (i64.const 1))))

  ;; Takes back the white space that was written last, but nothing from before $start.
  (func $drop_space (param $start i64)
    (loop $next
      (if (i32.and
            (i64.gt_u (global.get $written) (local.get $start))
            (call $is_space (call $last)))
        (then
          (call $drop_last)
          (br $next)))))

  ;; Of all that is written as nothing JSON knows the tab, both ends of a line, and the space.
  (func $is_space (param $byte i32) (result i32)
    (i32.or
      (i32.or (i32.eq (local.get $byte) (i32.const 9)) (i32.eq (local.get $byte) (i32.const 10)))
      (i32.or (i32.eq (local.get $byte) (i32.const 13)) (i32.eq (local.get $byte) (i32.const 32)))))

  ;; Writes what a text in base64 stands for: each digit is 6 bits, and whenever there are 8 they are a byte.
  (func $put_decoded (param $base64 i64)
    (local $digit i32)
    (local $bits i32)
    (local $count i32)
    (block $done
      (br_if $done (i32.eqz (call $has (local.get $base64) (global.get $quote))))
      (loop $next
        (local.set $base64 (i64.add (local.get $base64) (i64.const 1)))
        (local.set $digit (call $digit_of (call $byte (local.get $base64))))
        (br_if $done (i32.lt_s (local.get $digit) (i32.const 0)))
        (local.set $bits (i32.or (i32.shl (local.get $bits) (i32.const 6)) (local.get $digit)))
        (local.set $count (i32.add (local.get $count) (i32.const 6)))
        (if (i32.ge_u (local.get $count) (i32.const 8))
          (then
            (local.set $count (i32.sub (local.get $count) (i32.const 8)))
            (call $put (i32.and (i32.shr_u (local.get $bits) (local.get $count)) (i32.const 255)))))
        (br $next))))

  ;; What a digit of base64 stands for, or -1 for any other character, such as the quote behind the last one.
  (func $digit_of (param $byte i32) (result i32)
    (if (i32.lt_u (i32.sub (local.get $byte) (i32.const 65)) (i32.const 26))  ;; A to Z
      (then (return (i32.sub (local.get $byte) (i32.const 65)))))
    (if (i32.lt_u (i32.sub (local.get $byte) (i32.const 97)) (i32.const 26))  ;; a to z
      (then (return (i32.sub (local.get $byte) (i32.const 71)))))
    (if (i32.lt_u (i32.sub (local.get $byte) (i32.const 48)) (i32.const 10))  ;; 0 to 9
      (then (return (i32.add (local.get $byte) (i32.const 4)))))
    (if (i32.eq (local.get $byte) (i32.const 43)) (then (return (i32.const 62))))  ;; +
    (if (i32.eq (local.get $byte) (i32.const 47)) (then (return (i32.const 63))))  ;; /
    (i32.const -1))

  ;; Whether the text there begins with one of our memory, quote and all.
  (func $begins_with (param $at i64) (param $text i32) (result i32)
    (loop $next
      (if (i32.eqz (i32.load8_u (local.get $text))) (then (return (i32.const 1))))
      (if (i32.eqz (call $has (local.get $at) (i32.load8_u (local.get $text)))) (then (return (i32.const 0))))
      (local.set $at (i64.add (local.get $at) (i64.const 1)))
      (local.set $text (i32.add (local.get $text) (i32.const 1)))
      (br $next))
    (unreachable))

  ;; What follows finds its way through JSON. A position is a number of bytes from the beginning of the text, and -1 stands
  ;; for what is not there. It goes from member to member and steps over their values, so that no value can be taken for a
  ;; name, whatever a client sends. It does not find out whether the JSON is right: this is the host's, which is. But nothing
  ;; reads behind the end, where all bytes are 0, and each loop ends there.

  (func $has (param $at i64) (param $byte i32) (result i32)
    (i32.eq (call $byte (local.get $at)) (local.get $byte)))

  ;; Where the value of an object's member begins, or -1. Headers are members too, but capitals count as small letters.
  (func $member (param $object i64) (param $name i32) (result i64)
    (call $find (local.get $object) (local.get $name) (i32.const 0)))
  (func $header (param $headers i64) (param $name i32) (result i64)
    (call $find (local.get $headers) (local.get $name) (i32.const 32)))

  (func $find (param $object i64) (param $name i32) (param $case i32) (result i64)
    (local $at i64)
    (local.set $at (call $first_name (local.get $object)))
    (block $none
      (loop $next
        (br_if $none (i64.lt_s (local.get $at) (i64.const 0)))
        (if (call $is (local.get $at) (local.get $name) (local.get $case)) (then (return (call $value_of (local.get $at)))))
        (local.set $at (call $next_name (local.get $at)))
        (br $next)))
    (i64.const -1))

  ;; Where the name of an object's first member begins, or -1.
  (func $first_name (param $object i64) (result i64)
    (if (call $has (local.get $object) (global.get $brace))
      (then (return (call $text_behind (local.get $object)))))
    (i64.const -1))

  ;; Where the name of the member behind that one begins, or -1.
  (func $next_name (param $name i64) (result i64)
    (local $at i64)
    (local.set $at (call $end_of (call $value_of (local.get $name))))
    (if (call $has (local.get $at) (global.get $comma))
      (then (return (call $text_behind (local.get $at)))))
    (i64.const -1))

  (func $value_of (param $name i64) (result i64)
    (call $skip_space (call $end_of_text (local.get $name))))

  ;; The text behind a brace, a bracket or a comma, or -1 when something else is there.
  (func $text_behind (param $at i64) (result i64)
    (local.set $at (call $skip_space (i64.add (local.get $at) (i64.const 1))))
    (select (local.get $at) (i64.const -1) (call $has (local.get $at) (global.get $quote))))

  ;; Steps over white space, and over the colon between a name and its value.
  (func $skip_space (param $at i64) (result i64)
    (local $byte i32)
    (loop $next
      (local.set $byte (call $byte (local.get $at)))
      (if (i32.or
            (i32.lt_u (i32.sub (local.get $byte) (i32.const 1)) (i32.const 32))
            (i32.eq (local.get $byte) (global.get $colon)))
        (then
          (local.set $at (i64.add (local.get $at) (i64.const 1)))
          (br $next))))
    (local.get $at))

  ;; Where a value ends: at the comma or the bracket behind it.
  (func $end_of (param $at i64) (result i64)
    (local $byte i32)
    (local $depth i32)
    (block $found
      (loop $next
        (local.set $byte (call $byte (local.get $at)))
        (br_if $found (i32.eqz (local.get $byte)))
        (if (i32.eq (local.get $byte) (global.get $quote))
          (then
            (local.set $at (call $end_of_text (local.get $at)))
            (br $next)))
        (if (i32.eqz (local.get $depth))
          (then (br_if $found (i32.or (call $closes (local.get $byte)) (i32.eq (local.get $byte) (global.get $comma))))))
        (local.set $depth
          (i32.sub (i32.add (local.get $depth) (call $opens (local.get $byte))) (call $closes (local.get $byte))))
        (local.set $at (i64.add (local.get $at) (i64.const 1)))
        (br $next)))
    (local.get $at))

  ;; Of { and [, and of } and ], the codes differ by 32.
  (func $opens (param $byte i32) (result i32)
    (i32.eq (i32.or (local.get $byte) (i32.const 32)) (i32.const 123)))
  (func $closes (param $byte i32) (result i32)
    (i32.eq (i32.or (local.get $byte) (i32.const 32)) (i32.const 125)))

  ;; Where a text ends: behind its second quote. What a backslash is before is no quote that ends it.
  (func $end_of_text (param $at i64) (result i64)
    (local $byte i32)
    (loop $next
      (local.set $at (i64.add (local.get $at) (i64.const 1)))
      (local.set $byte (call $byte (local.get $at)))
      (if (i32.eq (local.get $byte) (global.get $backslash))
        (then
          (local.set $at (i64.add (local.get $at) (i64.const 1)))
          (br $next)))
      (br_if $next (i32.and (i32.ne (local.get $byte) (global.get $quote)) (i32.ne (local.get $byte) (i32.const 0)))))
    (i64.add (local.get $at) (i64.const 1)))

  ;; Whether that text is the one of our memory. With 32 as $case capitals count as small letters, from which they differ by
  ;; 32; a hyphen does so from nothing that a header's name may hold. Other characters are not looked for.
  (func $is (param $at i64) (param $text i32) (param $case i32) (result i32)
    (local $expected i32)
    (loop $next
      (local.set $at (i64.add (local.get $at) (i64.const 1)))
      (local.set $expected (i32.load8_u (local.get $text)))
      (if (i32.eqz (local.get $expected)) (then (return (call $has (local.get $at) (global.get $quote)))))
      (local.set $text (i32.add (local.get $text) (i32.const 1)))
      (br_if $next
        (i32.eq
          (i32.or (call $byte (local.get $at)) (local.get $case))
          (i32.or (local.get $expected) (local.get $case)))))
    (i32.const 0))

  ;; What follows writes the output, into a block of the host.

  (func $begin_output (param $room i64)
    (global.set $output (call $alloc (local.get $room)))
    ;; No room: the call fails.
    (if (i64.eqz (global.get $output)) (then (unreachable)))
    (global.set $written (i64.const 0)))

  (func $put (param $byte i32)
    (call $store_u8 (i64.add (global.get $output) (global.get $written)) (local.get $byte))
    (global.set $written (i64.add (global.get $written) (i64.const 1))))

  ;; A text of our memory.
  (func $put_text (param $text i32)
    (loop $next
      (if (i32.load8_u (local.get $text))
        (then
          (call $put (i32.load8_u (local.get $text)))
          (local.set $text (i32.add (local.get $text) (i32.const 1)))
          (br $next)))))

  ;; Bytes of the text that is read.
  (func $put_part (param $from i64) (param $to i64)
    (loop $next
      (if (i64.lt_s (local.get $from) (local.get $to))
        (then
          (call $put (call $byte (local.get $from)))
          (local.set $from (i64.add (local.get $from) (i64.const 1)))
          (br $next)))))

  ;; A comma, but for what is the first in its braces.
  (func $put_comma
    (if (i32.ne (call $last) (global.get $brace)) (then (call $put (global.get $comma)))))

  (func $last (result i32)
    (call $load_u8 (i64.sub (i64.add (global.get $output) (global.get $written)) (i64.const 1))))

  ;; 0 says that the call went well.
  (func $end_output (result i32)
    (call $output_set (global.get $output) (global.get $written))
    (i32.const 0)))
