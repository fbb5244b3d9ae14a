;; Request transformer: tells the target where a request comes from, and takes its cookies away.
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
  (data (i32.const 0) "otoroshi_request")   (global $otoroshi_request i32 (i32.const 0))
  (data (i32.const 32) "headers")           (global $headers i32 (i32.const 32))
  (data (i32.const 48) "request")           (global $request i32 (i32.const 48))
  (data (i32.const 64) "remote")            (global $remote i32 (i32.const 64))
  (data (i32.const 80) "route")             (global $route i32 (i32.const 80))
  (data (i32.const 96) "name")              (global $name i32 (i32.const 96))
  (data (i32.const 112) "cookie")           (global $cookie i32 (i32.const 112))
  (data (i32.const 128) "x-forwarded-for")  (global $x_forwarded_for i32 (i32.const 128))
  (data (i32.const 160) "x-route")          (global $x_route i32 (i32.const 160))
  (data (i32.const 176) "{\"cookies\":[],\"headers\":{")
  (global $before_headers i32 (i32.const 176))
  (data (i32.const 208) "}}")
  (global $behind_headers i32 (i32.const 208))

  (global $quote i32 (i32.const 34))
  (global $comma i32 (i32.const 44))
  (global $colon i32 (i32.const 58))
  (global $backslash i32 (i32.const 92))
  (global $brace i32 (i32.const 123))

  (global $output (mut i64) (i64.const 0))
  (global $written (mut i64) (i64.const 0))

  ;; Answers all headers: those there were, but for the ones that are not wanted or replaced, and the two that are added.
  (func (export "transform_request") (result i32)
    (local $input i64)
    (local.set $input (call $skip_space (i64.const 0)))
    ;; Parts of the input, none of them twice, and less than 128 bytes of our own.
    (call $begin_output (i64.add (call $input_length) (i64.const 128)))
    (call $put_text (global.get $before_headers))
    (call $put_headers
      (call $member (call $member (local.get $input) (global.get $otoroshi_request)) (global.get $headers)))
    (call $put_header
      (global.get $x_forwarded_for)
      (call $member (call $member (local.get $input) (global.get $request)) (global.get $remote)))
    (call $put_header
      (global.get $x_route)
      (call $member (call $member (local.get $input) (global.get $route)) (global.get $name)))
    (call $put_text (global.get $behind_headers))
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
    (i32.or
      (call $is (local.get $name) (global.get $cookie) (i32.const 32))
      (i32.or
        (call $is (local.get $name) (global.get $x_forwarded_for) (i32.const 32))
        (call $is (local.get $name) (global.get $x_route) (i32.const 32)))))

  ;; A header with a value of the input; none when there is no such value.
  (func $put_header (param $name i32) (param $value i64)
    (if (i64.lt_s (local.get $value) (i64.const 0)) (then (return)))
    (call $put_comma)
    (call $put (global.get $quote))
    (call $put_text (local.get $name))
    (call $put (global.get $quote))
    (call $put (global.get $colon))
    (call $put_part (local.get $value) (call $end_of (local.get $value))))

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
