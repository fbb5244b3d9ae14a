;; Whether the stack has room for what the host is about to do. Neither import is ever called: they are there so that 512
;; values would be live at once, and each level therefore has a frame of 4 KiB, which V8 checks for as the level begins.
(module
  (type $give (func (result i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)))
  (type $take (func (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)))
  (import "host" "never" (func $give (type $give)))
  (import "host" "never" (func $take (type $take)))

  ;; Goes down so many levels and one more, and comes back.
  (func $descend (export "descend") (param $levels i32)
    (if (i32.lt_s (local.get $levels) (i32.const 0)) (then
      call $give call $give call $give call $give call $give call $give call $give call $give
      call $give call $give call $give call $give call $give call $give call $give call $give
      call $give call $give call $give call $give call $give call $give call $give call $give
      call $give call $give call $give call $give call $give call $give call $give call $give
      call $take call $take call $take call $take call $take call $take call $take call $take
      call $take call $take call $take call $take call $take call $take call $take call $take
      call $take call $take call $take call $take call $take call $take call $take call $take
      call $take call $take call $take call $take call $take call $take call $take call $take))
    (if (local.get $levels) (then (call $descend (i32.sub (local.get $levels) (i32.const 1)))))))
