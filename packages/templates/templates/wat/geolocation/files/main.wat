;; Looks a French address up, and remembers what it found: for the same question the service is asked once.
(module
  (import "extism:host/env" "input_offset" (func $input_offset (result i64)))
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "length" (func $length (param i64) (result i64)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "load_u8" (func $load_u8 (param i64) (result i32)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "extism:host/user" "proxy_http_call" (func $http_call (param i64 i64) (result i64)))
  (import "extism:host/user" "proxy_plugin_map_get" (func $map_get (param i64 i64) (result i64)))
  (import "extism:host/user" "proxy_plugin_map_set" (func $map_set (param i64 i64) (result i64)))

  ;; The texts that are looked for and written. Nothing is written between them: a zero ends each.
  (memory (export "memory") 1)
  (data (i32.const 0) "request")       (global $request i32 (i32.const 0))
  (data (i32.const 16) "query")        (global $query i32 (i32.const 16))
  (data (i32.const 32) "q")            (global $q i32 (i32.const 32))
  (data (i32.const 48) "status")       (global $status i32 (i32.const 48))
  (data (i32.const 64) "body_base64")  (global $body_base64 i32 (i32.const 64))
  (data (i32.const 80) "\"}}")         (global $behind_question i32 (i32.const 80))
  (data (i32.const 96) "{\"key\":\"")  (global $before_key i32 (i32.const 96))
  (data (i32.const 112) "\",\"value_base64\":")  (global $before_value i32 (i32.const 112))
  (data (i32.const 144) "{\"body_json\":")       (global $before_json i32 (i32.const 144))
  (data (i32.const 160) "{\"body_base64\":")     (global $before_base64 i32 (i32.const 160))
  (data (i32.const 176) "{\"url\":\"https://api-adresse.data.gouv.fr/search/\",\"query\":{\"q\":\"")
  (global $before_question i32 (i32.const 176))
  (data (i32.const 256) "{\"status\":400,\"body_json\":{\"error\":\"missing query param q\"}}")
  (global $missing i32 (i32.const 256))
  (data (i32.const 336) "{\"status\":400,\"body_json\":{\"error\":\"failed fetching address with given input\"}}")
  (global $failed i32 (i32.const 336))

  (global $quote i32 (i32.const 34))
  (global $comma i32 (i32.const 44))
  (global $colon i32 (i32.const 58))
  (global $bracket i32 (i32.const 91))
  (global $backslash i32 (i32.const 92))
  (global $brace i32 (i32.const 123))
  (global $closing_brace i32 (i32.const 125))

  ;; The block that is read, the one that is written, and the one with the question, as it is written in JSON without quotes.
  (global $text (mut i64) (i64.const 0))
  (global $text_length (mut i64) (i64.const 0))
  (global $output (mut i64) (i64.const 0))
  (global $written (mut i64) (i64.const 0))
  (global $question (mut i64) (i64.const 0))
  (global $question_length (mut i64) (i64.const 0))

  (func (export "GetCompleteAddress") (result i32)
    (call $take_question)
    (if (i64.eqz (global.get $question_length)) (then (return (call $answer (global.get $missing)))))
    (if (call $answers_from_map) (then (return (i32.const 0))))
    (call $ask)
    ;; A status is three digits: this is one of those that say that it went well.
    (if (i32.eqz (call $has (call $member (i64.const 0) (global.get $status)) (i32.const 50)))
      (then (return (call $answer (global.get $failed)))))
    (call $remember)
    (call $begin_output (i64.add (global.get $text_length) (i64.const 32)))
    (call $put_text (global.get $before_base64))
    (call $put_body)
    (call $put (global.get $closing_brace))
    (call $end_output))

  (func $answer (param $text i32) (result i32)
    (call $begin_output (i64.const 128))
    (call $put_text (local.get $text))
    (call $end_output))

  ;; The first value of q in the query; nothing when there is none.
  (func $take_question
    (local $at i64)
    (call $read (call $input_offset) (call $input_length))
    (local.set $at (call $member (call $skip_space (i64.const 0)) (global.get $request)))
    (local.set $at (call $member (call $member (local.get $at) (global.get $query)) (global.get $q)))
    (if (call $has (local.get $at) (global.get $bracket)) (then (local.set $at (call $text_behind (local.get $at)))))
    (call $begin_output (i64.add (call $input_length) (i64.const 1)))
    (if (call $has (local.get $at) (global.get $quote))
      (then
        (call $put_part
          (i64.add (local.get $at) (i64.const 1))
          (i64.sub (call $end_of_text (local.get $at)) (i64.const 1)))))
    (global.set $question (global.get $output))
    (global.set $question_length (global.get $written)))

  ;; Whether the map had the answer, which has then been given.
  (func $answers_from_map (result i32)
    (local $known i64)
    ;; A key is the text itself, not the JSON of it: what is written with a backslash, as a quote is, is asked each time.
    (if (call $is_escaped) (then (return (i32.const 0))))
    (local.set $known (call $map_get (global.get $question) (global.get $question_length)))
    (if (i64.eqz (local.get $known)) (then (return (i32.const 0))))
    (call $read (local.get $known) (call $length (local.get $known)))
    (call $begin_output (i64.add (global.get $text_length) (i64.const 32)))
    (call $put_text (global.get $before_json))
    (call $put_part (i64.const 0) (global.get $text_length))
    (call $put (global.get $closing_brace))
    (i32.eqz (call $end_output)))

  (func $is_escaped (result i32)
    (local $at i64)
    (call $read (global.get $question) (global.get $question_length))
    (loop $next
      (if (call $has (local.get $at) (global.get $backslash)) (then (return (i32.const 1))))
      (local.set $at (i64.add (local.get $at) (i64.const 1)))
      (br_if $next (i64.lt_u (local.get $at) (global.get $text_length))))
    (i32.const 0))

  ;; Asks the service. What is read from here on is the host's answer: {"status":200,"headers":{...},"body_base64":"..."}.
  (func $ask
    (local $answer i64)
    (call $begin_output (i64.add (global.get $question_length) (i64.const 128)))
    (call $put_text (global.get $before_question))
    (call $put_question)
    (call $put_text (global.get $behind_question))
    (local.set $answer (call $http_call (global.get $output) (global.get $written)))
    (call $read (local.get $answer) (call $length (local.get $answer))))

  ;; Where the map has no room for the body, the question is asked again the next time.
  (func $remember
    (local $answer i64)
    (local.set $answer (global.get $text))
    (call $begin_output (i64.add (i64.add (global.get $question_length) (global.get $text_length)) (i64.const 64)))
    (call $put_text (global.get $before_key))
    (call $put_question)
    (call $put_text (global.get $before_value))
    (call $read (local.get $answer) (call $length (local.get $answer)))
    (call $put_body)
    (call $put (global.get $closing_brace))
    (drop (call $map_set (global.get $output) (global.get $written))))

  (func $put_question
    (call $read (global.get $question) (global.get $question_length))
    (call $put_part (i64.const 0) (global.get $text_length)))

  ;; The body of the answer that is read, in base64 and with its quotes.
  (func $put_body
    (local $body i64)
    (local.set $body (call $member (i64.const 0) (global.get $body_base64)))
    (call $put_part (local.get $body) (call $end_of (local.get $body))))

  ;; Says which block is read.
  (func $read (param $block i64) (param $length i64)
    (global.set $text (local.get $block))
    (global.set $text_length (local.get $length)))

  ;; A byte of the block that is read by its place, 0 behind the end.
  (func $byte (param $at i64) (result i32)
    (if (i64.ge_u (local.get $at) (global.get $text_length)) (then (return (i32.const 0))))
    (call $load_u8 (i64.add (global.get $text) (local.get $at))))

  ;; What follows finds its way through JSON. A position is a number of bytes from the beginning of the text, and -1 stands
  ;; for what is not there. It goes from member to member and steps over their values, so that no value can be taken for a
  ;; name, whatever a client sends. It does not find out whether the JSON is right: this is the host's, which is. But nothing
  ;; reads behind the end, where all bytes are 0, and each loop ends there.

  (func $has (param $at i64) (param $byte i32) (result i32)
    (i32.eq (call $byte (local.get $at)) (local.get $byte)))

  ;; Where the value of an object's member begins, or -1.
  (func $member (param $at i64) (param $name i32) (result i64)
    (if (i32.eqz (call $has (local.get $at) (global.get $brace))) (then (return (i64.const -1))))
    (loop $next
      (local.set $at (call $text_behind (local.get $at)))
      (if (i64.lt_s (local.get $at) (i64.const 0)) (then (return (i64.const -1))))
      (if (call $is (local.get $at) (local.get $name)) (then (return (call $value_of (local.get $at)))))
      (local.set $at (call $end_of (call $value_of (local.get $at))))
      (br_if $next (call $has (local.get $at) (global.get $comma))))
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

  ;; Whether that text is the one of our memory.
  (func $is (param $at i64) (param $text i32) (result i32)
    (loop $next
      (local.set $at (i64.add (local.get $at) (i64.const 1)))
      (if (i32.eqz (i32.load8_u (local.get $text))) (then (return (call $has (local.get $at) (global.get $quote)))))
      (if (i32.eqz (call $has (local.get $at) (i32.load8_u (local.get $text)))) (then (return (i32.const 0))))
      (local.set $text (i32.add (local.get $text) (i32.const 1)))
      (br $next))
    (unreachable))

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

  ;; 0 says that the call went well.
  (func $end_output (result i32)
    (call $output_set (global.get $output) (global.get $written))
    (i32.const 0)))
