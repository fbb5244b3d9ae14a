;; Takes all the memory it may have in `_initialize`, touches every page, and keeps it.
(module
  (memory (export "memory") 1)
  (func (export "_initialize")
    (local $page i32)
    (loop $more
      (local.set $page (memory.grow (i32.const 1)))
      (if (i32.ne (local.get $page) (i32.const -1)) (then
        (i32.store (i32.mul (local.get $page) (i32.const 65536)) (i32.const 1))
        (br $more)))))
  (func (export "run") (result i32) (i32.const 0)))
