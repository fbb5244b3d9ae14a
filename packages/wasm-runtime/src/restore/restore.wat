;; Makes a guest's memory what it was when its image was taken, without writing to pages that are so already: a page
;; that was never touched stays untouched, and takes no memory.
;;
;; Layout of the image: first the numbers of the 4 KiB pages that are not all zeros, ascending, each 32 bits, with
;; 0xffffffff behind the last; from $contents on the bytes of these pages, in the same order.
(module
  (import "guest" "memory" (memory $guest 0))
  (import "image" "memory" (memory $image 0))

  ;; Whether any of the 4 KiB at $at is not zero.
  (func $is_used (param $at i32) (result i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $at) (i32.const 4096)))
    (loop $next
      (if (v128.any_true
            (v128.or
              (v128.or
                (v128.or (v128.load $guest (local.get $at)) (v128.load $guest offset=16 (local.get $at)))
                (v128.or (v128.load $guest offset=32 (local.get $at)) (v128.load $guest offset=48 (local.get $at))))
              (v128.or
                (v128.or (v128.load $guest offset=64 (local.get $at)) (v128.load $guest offset=80 (local.get $at)))
                (v128.or (v128.load $guest offset=96 (local.get $at)) (v128.load $guest offset=112 (local.get $at))))))
        (then (return (i32.const 1))))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 128))) (local.get $end))))
    (i32.const 0))

  ;; Whether the 4 KiB at $at differ from those of the image at $from.
  (func $differs (param $at i32) (param $from i32) (result i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $at) (i32.const 4096)))
    (loop $next
      (if (v128.any_true
            (v128.or
              (v128.or
                (v128.xor (v128.load $guest (local.get $at)) (v128.load $image (local.get $from)))
                (v128.xor (v128.load $guest offset=16 (local.get $at)) (v128.load $image offset=16 (local.get $from))))
              (v128.or
                (v128.xor (v128.load $guest offset=32 (local.get $at)) (v128.load $image offset=32 (local.get $from)))
                (v128.xor (v128.load $guest offset=48 (local.get $at)) (v128.load $image offset=48 (local.get $from))))))
        (then (return (i32.const 1))))
      (local.set $from (i32.add (local.get $from) (i32.const 64)))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 64))) (local.get $end))))
    (i32.const 0))

  ;; Restores the first $length bytes of the guest, a multiple of 4096; answers how many pages it had to write.
  (func (export "restore") (param $length i32) (param $contents i32) (result i32)
    (local $at i32) (local $list i32) (local $from i32) (local $stored i32) (local $written i32)
    (local.set $from (local.get $contents))
    (local.set $stored (i32.load $image (i32.const 0)))
    (block $done
      (loop $page
        (br_if $done (i32.ge_u (local.get $at) (local.get $length)))
        (if (i32.eq (i32.shr_u (local.get $at) (i32.const 12)) (local.get $stored))
          (then
            (if (call $differs (local.get $at) (local.get $from))
              (then
                (memory.copy $guest $image (local.get $at) (local.get $from) (i32.const 4096))
                (local.set $written (i32.add (local.get $written) (i32.const 1)))))
            (local.set $from (i32.add (local.get $from) (i32.const 4096)))
            (local.set $list (i32.add (local.get $list) (i32.const 4)))
            (local.set $stored (i32.load $image (local.get $list))))
          (else
            (if (call $is_used (local.get $at))
              (then
                (memory.fill $guest (local.get $at) (i32.const 0) (i32.const 4096))
                (local.set $written (i32.add (local.get $written) (i32.const 1)))))))
        (local.set $at (i32.add (local.get $at) (i32.const 4096)))
        (br $page)))
    (local.get $written)))
