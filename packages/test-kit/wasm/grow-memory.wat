;; Takes and touches memory until it gets no more, then gives up as an allocator does.
(module
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (local $page i32)
    (loop $more
      (local.set $page (memory.grow (i32.const 1)))
      (if (i32.eq (local.get $page) (i32.const -1)) (then (unreachable)))
      (i32.store (i32.mul (local.get $page) (i32.const 65536)) (i32.const 1))
      (br $more))
    (i32.const 0)))
